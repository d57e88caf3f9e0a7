// Drops clean pages of the loaded objects; see StartupPages.h.
#include "tools/tensel/StartupPages.h"

#include <cstddef>
#include <cstdint>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tensel::cli {

void releaseStartupPages() {
  malloc_trim(0);
  dl_iterate_phdr(
      [](dl_phdr_info *object, size_t, void *) {
        const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
        for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
          const ElfW(Phdr) &segment = object->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W))
            continue; // only what is as in the file
          const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
          const uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
          (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED); // advice: failing is fine
        }
        return 0;
      },
      nullptr);
}

} // namespace tensel::cli
