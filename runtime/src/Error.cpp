// Message formatting, see Error.h.
#include "runtime/src/Error.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace tensel::rt;

static void sanitize(char *text) {
  for (; *text; ++text)
    if (static_cast<unsigned char>(*text) < 0x20 || *text == 0x7f)
      *text = '?';
}

tensel_status_t Error::set(tensel_status_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  sanitize(message);
  return status;
}

void Error::prefix(const char *name) {
  Error before = *this;
  // A very long name is cut so that what happened stays readable.
  snprintf(message, sizeof message, "'%.300s': %s", name, before.message);
  sanitize(message);
}

void Error::copyTo(tensel_error_t *error) const {
  if (error)
    memcpy(error->message, message, sizeof message);
}
