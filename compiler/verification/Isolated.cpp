// fork, a page that both processes see, and a clock; see Isolated.h.
#include "compiler/verification/Isolated.h"

#include "llvm/Support/ErrorHandling.h"
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tensel::verification {

Outcome runIsolated(llvm::function_ref<void(void *)> work, void *result, size_t bytes, unsigned seconds) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    llvm::report_fatal_error("no shared memory");
  std::memcpy(memory, result, bytes);
  pid_t child = fork();
  if (child == 0) {
    // Without handlers: a crash is told by its signal, not by a stack trace.
    for (int fault : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
      std::signal(fault, SIG_DFL);
    alarm(seconds);
    work(memory);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    llvm::report_fatal_error("no process of its own");
  std::memcpy(result, memory, bytes);
  munmap(memory, bytes);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return {Outcome::Hung, "no result after " + std::to_string(seconds) + " s"};
  if (WIFSIGNALED(status))
    return {Outcome::Crashed, strsignal(WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0)
    return {Outcome::Crashed, "exit status " + std::to_string(WEXITSTATUS(status))};
  return {};
}
} // namespace tensel::verification
