// How the program ends when something went wrong: one message, the temporary files removed, the right exit status.
#include "tools/tensel/Commands.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace tensel::cli {
namespace {
void say(const char *text) { [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, text, std::strlen(text)); }

void onCrash(int) {
  say("tensel: error: internal: the compiler crashed; please report this with the model\n");
  llvm::sys::RunInterruptHandlers();
  _exit(ourFault);
}

void onFatal(void *, const char *reason, bool) {
  say("tensel: error: internal: ");
  say(reason);
  say("\n");
  llvm::sys::RunInterruptHandlers();
  _exit(ourFault);
}

void onOutOfMemory(void *, const char *, bool) {
  say("tensel: error: not enough memory\n");
  llvm::sys::RunInterruptHandlers();
  _exit(userError);
}
} // namespace

/// Called once by main().
void installCrashHandlers();
void installCrashHandlers() {
  static char stack[1 << 16];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_handler = onCrash;
  action.sa_flags = SA_ONSTACK;
  if (!getenv("TENSEL_CORE"))
    for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
      sigaction(signal, &action, nullptr);
  llvm::install_fatal_error_handler(onFatal);
  llvm::install_bad_alloc_error_handler(onOutOfMemory);
}

int fail(const std::string &message, int status) {
  std::string text = "tensel: error: ";
  for (char c : message)
    text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  std::fprintf(stderr, "%s\n", text.c_str());
  return status;
}
} // namespace tensel::cli
