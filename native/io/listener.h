// Listening sockets for the standalone mode (`lsnode --bind`). Source of the address forms: protocol 5.14.
#pragma once

#include <string>

#include "file_descriptor.h"

namespace lsapi {

struct ListenResult {
  FileDescriptor socket;
  int error = 0;      // errno
  uint16_t port = 0;  // TCP: the port in use, which matters when 0 was asked for
};

/// Listens on a Unix socket. A socket file that nobody listens on any more is replaced; a live one is not
/// (EADDRINUSE), and neither is a file that is no socket (ENOTSOCK). `mode` is the file's permissions, or -1
/// for what the umask gives.
ListenResult ListenUnix(const std::string& path, int backlog, int mode);

/// Whether other processes of this user may listen on the same address, if they allow it too: the kernel then
/// gives each of them some of the connections (SO_REUSEPORT).
enum class AddressUse { kExclusive, kShared };

/// Listens on a numeric IPv4 or IPv6 address.
ListenResult ListenTcp(const std::string& ip, uint16_t port, int backlog,
                       AddressUse use = AddressUse::kExclusive);

/// What a descriptor is: the ways in which a server starts an application differ in fd 0 (section 5.1).
enum class DescriptorKind { kListening, kConnected, kOther };
DescriptorKind ClassifyDescriptor(int fd);

}  // namespace lsapi
