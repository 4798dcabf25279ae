// Keeps the addon loadable where the C library is older than the one it was built with: glibc 2.28, the
// oldest that Node's own builds run on. The linker ties a function to the newest version that it finds. Those
// in question have an older version that does the same, but mostly lived in another library then (libpthread,
// libdl, which every Node before it loads), or can do without. The definitions here are the addon's own
// (hidden), take the place of the C library's in all of it, the static C++ library included, and use what
// glibc 2.28 has. That nothing was forgotten is proved by `npm run check:prebuilds`.
#include <features.h>

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

// The first version that the architecture has.
#if defined(__x86_64__)
#define LSAPI_FIRST_GLIBC "GLIBC_2.2.5"
#else
#define LSAPI_FIRST_GLIBC "GLIBC_2.17"
#endif

// Declares First_NAME, which is NAME in that version.
#define LSAPI_FIRST_VERSION(result, name, ...) \
  result First_##name(__VA_ARGS__);            \
  __asm__(".symver First_" #name "," #name "@" LSAPI_FIRST_GLIBC)

// Defines the symbol NAME for the addon alone. Not under its own name in C++, for which headers have
// declarations.
#define LSAPI_OWN(result, name, ...)                                                         \
  __attribute__((visibility("hidden"), used)) result Own_##name(__VA_ARGS__) __asm__(#name); \
  result Own_##name(__VA_ARGS__)

extern "C" {

// In libdl until 2.34, in libpthread until 2.32 and 2.34.
LSAPI_FIRST_VERSION(void*, dlopen, const char*, int);
LSAPI_FIRST_VERSION(int, dlclose, void*);
LSAPI_FIRST_VERSION(char*, dlerror);
LSAPI_FIRST_VERSION(void*, dlsym, void*, const char*);
LSAPI_FIRST_VERSION(int, dladdr, const void*, Dl_info*);
LSAPI_FIRST_VERSION(int, pthread_sigmask, int, const sigset_t*, sigset_t*);
LSAPI_FIRST_VERSION(int, pthread_once, pthread_once_t*, void (*)());
LSAPI_FIRST_VERSION(int, pthread_key_create, pthread_key_t*, void (*)(void*));

LSAPI_OWN(void*, dlopen, const char* file, int mode) { return First_dlopen(file, mode); }
LSAPI_OWN(int, dlclose, void* library) { return First_dlclose(library); }
LSAPI_OWN(char*, dlerror) { return First_dlerror(); }
LSAPI_OWN(void*, dlsym, void* library, const char* name) { return First_dlsym(library, name); }
LSAPI_OWN(int, dladdr, const void* address, Dl_info* found) { return First_dladdr(address, found); }
LSAPI_OWN(int, pthread_sigmask, int how, const sigset_t* set, sigset_t* former) {
  return First_pthread_sigmask(how, set, former);
}
LSAPI_OWN(int, pthread_once, pthread_once_t* once, void (*work)()) { return First_pthread_once(once, work); }
LSAPI_OWN(int, __pthread_key_create, pthread_key_t* key, void (*destroy)(void*)) {
  return First_pthread_key_create(key, destroy);
}

// Functions since 2.33; before, headers made them calls that name a version of the structure, which is the
// kernel's.
LSAPI_OWN(int, stat64, const char* path, struct stat* file) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, file, 0));
}
LSAPI_OWN(int, lstat64, const char* path, struct stat* file) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, file, AT_SYMLINK_NOFOLLOW));
}
LSAPI_OWN(int, fstat64, int fd, struct stat* file) { return static_cast<int>(syscall(SYS_fstat, fd, file)); }

// Since 2.32: whether reference counts can do without atomic operations. Node has threads.
__attribute__((visibility("hidden"),
               used)) char own_libc_single_threaded __asm__("__libc_single_threaded") = 0;

// Since 2.35, for the static libgcc: where an object's unwind tables are. Nothing here catches exceptions
// (they are off), so one that the C++ library throws ends the process either way, and does so sooner without
// tables.
LSAPI_OWN(int, _dl_find_object, void*, void*) { return -1; }
}

#endif
