// The runtime's errors: a status and one line of text in fixed room.
#ifndef TENSEL_RUNTIME_SRC_ERROR_H
#define TENSEL_RUNTIME_SRC_ERROR_H

#include "runtime/include/tensel/runtime.h"

namespace tensel::rt {

struct Error {
  char message[sizeof(tensel_error_t::message)] = "";

  /// Formats the message (control characters become '?') and returns the status.
  tensel_status_t set(tensel_status_t status, const char *format, ...) __attribute__((format(printf, 3, 4)));
  /// Puts "'name': " in front of the message.
  void prefix(const char *name);
  /// Copies the message out; error may be null.
  void copyTo(tensel_error_t *error) const;
};

} // namespace tensel::rt
#endif
