// For LD_PRELOAD: counts calls of malloc() and the like that the addon lsapi.node makes, in the file that
// BENCH_ALLOCATIONS names, while the counting is on.
//
// Three numbers: those that the addon makes itself, operator new included; those that Node makes for it while
// it calls Node-API; all others. A call belongs to the addon when its stack leads there before it leads into
// JavaScript, which the unwinder cannot see through.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace {

/// The file's content, in the byte order of the machine; bench/scenarios/counts.ts reads it.
struct Counters {
  std::atomic<uint64_t> on;
  std::atomic<uint64_t> by_addon;
  std::atomic<uint64_t> for_addon;
  std::atomic<uint64_t> others;
};

Counters* counters = nullptr;
uintptr_t addon_begin = 0;
uintptr_t addon_end = 0;
thread_local bool inside = false;

int FindAddon(dl_phdr_info* info, size_t, void*) {
  if (std::strstr(info->dlpi_name, "lsapi.node") == nullptr) return 0;
  addon_begin = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    const uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    if (segment.p_type == PT_LOAD && end > addon_end) addon_end = end;
  }
  return 1;
}

/// The addon may use the operator new of Node's executable or of a shared library. dladdr() would be too
/// slow.
bool IsOperatorNew(uintptr_t address) {
  constexpr uintptr_t kLongest = 256;
  static const auto plain = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "_Znwm"));
  static const auto array = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "_Znam"));
  return (address > plain && address < plain + kLongest) || (address > array && address < array + kLongest);
}

void Count() {
  if (counters == nullptr || inside || counters->on.load(std::memory_order_relaxed) == 0) return;
  inside = true;
  if (addon_end == 0) dl_iterate_phdr(FindAddon, nullptr);
  constexpr int kOwnFrames = 2;  // this function and the one in place of malloc()
  void* frames[24];
  const int depth = backtrace(frames, 24);
  std::atomic<uint64_t>* counter = &counters->others;
  bool is_direct = true;
  for (int i = kOwnFrames; i < depth; ++i) {
    const auto address = reinterpret_cast<uintptr_t>(frames[i]);
    if (address >= addon_begin && address < addon_end) {
      counter = is_direct ? &counters->by_addon : &counters->for_addon;
      break;
    }
    if (!IsOperatorNew(address)) is_direct = false;
  }
  counter->fetch_add(1, std::memory_order_relaxed);
  inside = false;
}

__attribute__((constructor)) void Begin() {
  const char* const path = std::getenv("BENCH_ALLOCATIONS");
  const int fd = path != nullptr ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* frames[4];
  backtrace(frames, 4);  // its first call loads a library
  void* const memory = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory != MAP_FAILED) counters = static_cast<Counters*>(memory);
  close(fd);
}

}  // namespace

extern "C" {

__attribute__((noinline)) void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}
__attribute__((noinline)) void* calloc(size_t count, size_t size) {
  Count();
  return __libc_calloc(count, size);
}
__attribute__((noinline)) void* realloc(void* block, size_t size) {
  Count();
  return __libc_realloc(block, size);
}
__attribute__((noinline)) void* aligned_alloc(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}
__attribute__((noinline)) int posix_memalign(void** block, size_t alignment, size_t size) {
  Count();
  *block = __libc_memalign(alignment, size);
  return *block != nullptr ? 0 : 12;  // ENOMEM
}

}  // extern "C"
