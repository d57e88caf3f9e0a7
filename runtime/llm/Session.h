// A session of the runtime that one object owns, made the way all of this library makes them.
#ifndef TENSEL_RUNTIME_LLM_SESSION_H
#define TENSEL_RUNTIME_LLM_SESSION_H

#include "runtime/include/tensel/runtime.h"
#include "runtime/llm/Result.h"

#include <memory>
#include <span>

namespace tensel::text {

struct SessionDeleter {
  void operator()(tensel_session *session) const { tensel_session_destroy(session); }
};
using Session = std::unique_ptr<tensel_session, SessionDeleter>;

/// A session for sizes of symbols up to `limits`. With `events` it is profiled and keeps so many.
Result<Session> startSession(const tensel_model *model, int32_t function, std::span<const tensel_symbol_limit> limits,
                             int32_t threads, int64_t events);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_SESSION_H
