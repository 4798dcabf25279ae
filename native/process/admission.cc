#include "admission.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "../io/clock.h"
#include "log.h"
#include "refusal.h"

namespace lsapi {

namespace {

constexpr int32_t kForbidden = 403;
/// CloudLinux' own status for users above their limits.
constexpr int32_t kLimitReached = 508;
/// How long the server may take to fetch a refusal.
constexpr int kRefusalTime = 5000;
/// How often a child that waits looks for signals, milliseconds.
constexpr int kSignalPeriod = 250;

bool IsToldToEnd() {
  sigset_t pending;
  sigpending(&pending);
  constexpr std::array kSignals = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
  return std::ranges::any_of(kSignals, [&](int signal) { return sigismember(&pending, signal) == 1; });
}

/// The pattern for this user; empty where the user database has not what it asks for, or it is no absolute
/// path: never a directory that is meant for others, or none at all.
std::string Expand(std::string_view pattern, const Identity& identity) {
  const bool asks_database =
      pattern.find("%u") != std::string_view::npos || pattern.find("%h") != std::string_view::npos;
  if (asks_database && (identity.user.empty() || identity.home.empty())) return {};
  std::string text;
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char next = pattern[at] == '%' && at + 1 < pattern.size() ? pattern[at + 1] : '\0';
    if (next == 'u') {
      text += identity.user;
    } else if (next == 'h') {
      text += identity.home;
    } else if (next == 'U') {
      text += std::to_string(identity.ids.uid);
    } else {
      text += pattern[at];
      continue;
    }
    ++at;
  }
  return text.starts_with('/') ? text : std::string();
}

class Admission {
 public:
  Admission(ChildSeat* seat, const Secret& secret, const Lve& lve, const AdmissionOptions& options)
      : seat_(*seat),
        secret_(secret),
        lve_(lve),
        options_(options),
        deadline_(ExactMilliseconds() + options.timeout_ms) {}

  /// What was sent to prove who is meant is of no use any more.
  ~Admission() {
    explicit_bzero(credentials_.nonce.data(), credentials_.nonce.size());
    explicit_bzero(credentials_.digest.data(), credentials_.digest.size());
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  std::optional<Admitted> Run() {
    if (!ReadPacket() || !IsPermitted()) return std::nullopt;
    Admitted admitted;
    admitted.identity = FindIdentity(credentials_.ids);
    if (!Enter(&admitted)) return std::nullopt;
    admitted.stderr_log = request_.env("LSAPI_STDERR_LOG");
    seat_.ids = credentials_.ids;
    return admitted;
  }

 private:
  /// Whether `size` bytes have come; the packet is theirs so far.
  bool Receive(size_t size) {
    std::vector<uint8_t>& packet = seat_.first_packet;
    size_t used = packet.size();
    packet.resize(size);
    while (used < size) {
      const ssize_t received = recv(seat_.connection.get(), packet.data() + used, size - used, MSG_DONTWAIT);
      if (received > 0) {
        used += static_cast<size_t>(received);
      } else if (received == 0) {
        if (used > 0) Log("the server left in the middle of a packet");
        return false;
      } else if (errno == EAGAIN) {
        if (!Wait()) return false;
      } else if (errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  /// For more bytes. False when there is no time left, or the child is to end.
  bool Wait() {
    for (;;) {
      const uint64_t now = ExactMilliseconds();
      if (now >= deadline_) {
        Log("no complete request has come within %u ms; the connection is closed", options_.timeout_ms);
        return false;
      }
      std::array<pollfd, 2> sources = {
          {{seat_.connection.get(), POLLIN, 0}, {seat_.channel.get(), POLLIN, 0}}};
      const auto left = static_cast<int>(std::min<uint64_t>(deadline_ - now, kSignalPeriod));
      poll(sources.data(), sources.size(), left);
      if (IsToldToEnd()) return false;
      if (sources[1].revents != 0) {
        const ReceivedMessage message = ReceiveMessage(seat_.channel.get());
        if (message.outcome == ReceivedMessage::Outcome::kClosed || message.type == MessageType::kRetire) {
          return false;
        }
      }
      if (sources[0].revents != 0) return true;
    }
  }

  bool ReadPacket() {
    if (!Receive(kPacketHeaderSize)) return false;
    const uint8_t* const header = seat_.first_packet.data();
    const auto length = ReadPacketLength(header, kMinimumRequestSize, options_.packet_limit);
    ParseError error = ParseError::kNone;
    if (header[0] != 'L' || header[1] != 'S') {
      error = ParseError::kMagic;
    } else if (IsAbortRequest(header)) {
      return false;
    } else if (header[2] != static_cast<uint8_t>(PacketType::kBeginRequest)) {
      error = ParseError::kType;
    } else if (!length) {
      error = ParseError::kLength;
    }
    if (error == ParseError::kNone) {
      if (!Receive(length->length)) return false;
      error = request_.Parse(seat_.first_packet, options_.packet_limit);
    }
    if (error == ParseError::kNone) return true;
    Log("invalid request packet: %s [%s]", ParseErrorText(error), ParseErrorCode(error));
    return false;
  }

  bool IsPermitted() {
    credentials_ = ReadCredentials(request_);
    const auto& [uid, gid] = credentials_.ids;
    if (credentials_.error == CredentialsError::kMissing) {
      return Refuse(
          "the request has no credentials: SUEXEC_UGID and SUEXEC_AUTH must be the last two special "
          "entries of its environment; a daemon serves nobody else [LSAPI_ERR_CREDENTIALS_MISSING]");
    }
    if (credentials_.error == CredentialsError::kMalformed) {
      return Refuse("the credentials of the request are malformed [LSAPI_ERR_CREDENTIALS_MALFORMED]");
    }
    if (!Verify(credentials_, secret_.bytes())) {
      return Refuse(
          "the credentials of the request do not match the secret (LSAPI_SECRET); do server and daemon "
          "read the same file? [LSAPI_ERR_CREDENTIALS_DIGEST]");
    }
    if (uid == 0 || gid == 0 || uid == UINT32_MAX || gid == UINT32_MAX) {
      return Refuse("the request is for user " + std::to_string(uid) + " and group " + std::to_string(gid) +
                    ": root is never served [LSAPI_ERR_CREDENTIALS_USER]");
    }
    if (uid < options_.min_uid || gid < options_.min_gid) {
      return Refuse("the request is for user " + std::to_string(uid) + " and group " + std::to_string(gid) +
                    ", below the smallest that are served, " + std::to_string(options_.min_uid) + " and " +
                    std::to_string(options_.min_gid) +
                    " (LSNODE_MIN_UID, LSNODE_MIN_GID) [LSAPI_ERR_CREDENTIALS_USER]");
    }
    return true;
  }

  bool Enter(Admitted* admitted) {
    const Identity& identity = admitted->identity;
    std::string error;
    const Lve::Entry entry = lve_.Enter(identity, &error);
    if (entry != Lve::Entry::kEntered) {
      return Refuse("user " + std::to_string(identity.ids.uid) + ": " + error + " [LSAPI_ERR_LVE]",
                    entry == Lve::Entry::kLimitReached ? kLimitReached : kForbidden);
    }
    admitted->root = Expand(options_.root, identity);
    if (!options_.root.empty() && admitted->root.empty()) {
      return Refuse("user " + std::to_string(identity.ids.uid) + " has no root directory: LSNODE_CHROOT is " +
                    options_.root + ", and must be an absolute path for a user of the database " +
                    "[LSAPI_ERR_PRIVILEGES]");
    }
    error = DropPrivileges(identity, admitted->root);
    if (!error.empty()) {
      return Refuse("the process cannot become user " + std::to_string(identity.ids.uid) + ": " + error +
                    " [LSAPI_ERR_PRIVILEGES]");
    }
    // Changing the user has switched both off; what the administrator has allowed comes back.
    prctl(PR_SET_DUMPABLE, options_.allow_core_dump ? 1 : 0, 0, 0, 0);
    return true;
  }

  /// Answers the request, and tells the log why; always false.
  bool Refuse(const std::string& reason, int32_t status = kForbidden) {
    Log("refused: %s", reason.c_str());
    Refusal refusal;
    refusal.SetPage("text/plain; charset=utf-8",
                    status == kLimitReached ? "Resource Limit Is Reached\n" : "Forbidden\n", status);
    WipeCredentials(request_, seat_.first_packet);
    refusal.Take(std::move(seat_.connection), seat_.first_packet);
    const uint64_t until = ExactMilliseconds() + kRefusalTime;
    for (uint64_t now = ExactMilliseconds(); refusal.open() > 0 && now < until && !IsToldToEnd();
         now = ExactMilliseconds()) {
      pollfd ready{refusal.fd(), POLLIN, 0};
      poll(&ready, 1, kSignalPeriod);
      refusal.Poll();
    }
    return false;
  }

  ChildSeat& seat_;
  const Secret& secret_;
  const Lve& lve_;
  const AdmissionOptions& options_;
  const uint64_t deadline_;
  RequestView request_;
  Credentials credentials_;
};

}  // namespace

std::optional<Admitted> Admit(ChildSeat* seat, Secret secret, const Lve& lve,
                              const AdmissionOptions& options) {
  ScoreboardSlot& own = seat->board.slot(seat->slot);
  std::optional<Admitted> admitted;
  if (const int error = seat->board.KeepOnly(seat->slot); error != 0) {
    Log("the scoreboard cannot be taken from this child (errno %d); it ends", error);
  } else {
    admitted = Admission(seat, secret, lve, options).Run();
  }
  secret.Wipe();
  if (!admitted) {
    // To the parent: this child is no sign that something is wrong, it just has no connection any more.
    own.adopted.store(1);
    own.closed.store(1);
    own.responses.store(1);
  }
  return admitted;
}

}  // namespace lsapi
