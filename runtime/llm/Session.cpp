// See the header.
#include "runtime/llm/Session.h"

namespace tensel::text {

Result<Session> startSession(const tensel_model *model, int32_t function, std::span<const tensel_symbol_limit> limits,
                             int32_t threads, int64_t events) {
  tensel_session_options settings = {};
  settings.threads = threads;
  settings.profile = events > 0;
  settings.events = events;
  settings.limits = limits.data();
  settings.limit_count = limits.size();
  tensel_session *session = nullptr;
  tensel_error_t problem = {};
  if (tensel_session_create(model, function, &settings, &session, &problem) != TENSEL_OK)
    return Error{problem.message};
  return Session(session);
}

} // namespace tensel::text
