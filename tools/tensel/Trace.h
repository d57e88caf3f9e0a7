// What sessions kept of their dispatches as a trace that Chrome and Perfetto (ui.perfetto.dev) show; docs/explain.md.
#ifndef TENSEL_TOOLS_TENSEL_TRACE_H
#define TENSEL_TOOLS_TENSEL_TRACE_H

#include "runtime/include/tensel/runtime.h"
#include <string>
#include <vector>

namespace tensel::cli {

/// How many events a session keeps for --profile.
inline constexpr int64_t keptEvents = int64_t(1) << 18;

/// A session that was profiled, and the function that it runs.
struct TracedSession {
  int32_t function;
  const tensel_session *session;
};

/// One JSON object: traceEvents, an event for each dispatch, named after its source nodes, and for each thread's share of it; what each
/// kernel has cost in all sessions; the threads; the level of the code; how many events found no room.
std::string traceJson(const tensel_model *model, const std::vector<TracedSession> &sessions);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_TRACE_H
