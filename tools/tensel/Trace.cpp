// Events -> the JSON object format of Chrome's trace viewer; see Trace.h.
#include "tools/tensel/Trace.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace tensel::cli {
namespace {
using Json = nlohmann::ordered_json;

struct Event {
  tensel_event event;
  const TracedSession *of;
};

/// The nodes that a dispatch computes, all of them or the first three.
std::string nodesOf(const tensel_model *model, const Event &event) {
  std::string names;
  int32_t count = 0;
  while (const char *node = tensel_model_dispatch_node(model, event.of->function, event.event.dispatch, count)) {
    if (count < 3)
      names += (count ? " + " : "") + std::string(node);
    ++count;
  }
  return count > 3 ? names + " + " + std::to_string(count - 3) + " more" : names;
}

std::string kernelOf(const tensel_model *model, const Event &event) {
  tensel_kernel_info info = {};
  const int32_t kernel = tensel_model_dispatch_kernel(model, event.of->function, event.event.dispatch);
  return tensel_session_kernel(event.of->session, kernel, &info) == TENSEL_OK ? info.name : "";
}

double microseconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e3; }

Json describe(const tensel_model *model, const Event &event, int64_t start, int thread) {
  const tensel_event &what = event.event;
  Json args = {{"kernel", kernelOf(model, event)}, {"function", tensel_model_function_name(model, event.of->function)}};
  if (what.flops >= 0) {
    args["flops"] = what.flops;
    args["gflops"] = what.nanoseconds ? static_cast<double>(what.flops) / static_cast<double>(what.nanoseconds) : 0.0;
  }
  if (what.bytes >= 0)
    args["bytes"] = what.bytes;
  std::string name = nodesOf(model, event);
  return {{"name", name.empty() ? args["kernel"].get<std::string>() : name},
          {"cat", what.is_share ? "share" : "dispatch"},
          {"ph", "X"},
          {"ts", microseconds(what.begin - start)},
          {"dur", microseconds(what.nanoseconds)},
          {"pid", 1},
          {"tid", thread},
          {"args", std::move(args)}};
}

std::vector<Event> eventsOf(const std::vector<TracedSession> &sessions, int64_t &dropped) {
  std::vector<Event> events;
  for (const TracedSession &traced : sessions) {
    int64_t kept = 0;
    dropped += tensel_session_event_count(traced.session, &kept) - kept;
    for (int64_t k = 0; k < kept; ++k)
      if (Event event = {{}, &traced}; tensel_session_event(traced.session, k, &event.event) == TENSEL_OK)
        events.push_back(event);
  }
  // A dispatch before its shares, so that they nest.
  std::stable_sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return std::pair(a.event.begin, a.event.is_share) < std::pair(b.event.begin, b.event.is_share);
  });
  return events;
}

Json kernelsOf(const std::vector<TracedSession> &sessions) {
  Json kernels = Json::array();
  for (int32_t k = 0; !sessions.empty() && k < tensel_session_kernel_count(sessions[0].session); ++k) {
    tensel_kernel_info sum = {};
    for (const TracedSession &traced : sessions) {
      tensel_kernel_info info = {};
      if (tensel_session_kernel(traced.session, k, &info) != TENSEL_OK)
        continue;
      info.calls += sum.calls;
      info.nanoseconds += sum.nanoseconds;
      sum = info;
    }
    kernels.push_back(
        {{"name", sum.name}, {"calls", sum.calls}, {"nanoseconds", sum.nanoseconds}, {"flops", sum.flops}, {"bytes", sum.bytes}});
  }
  return kernels;
}
} // namespace

std::string traceJson(const tensel_model *model, const std::vector<TracedSession> &sessions) {
  int64_t dropped = 0;
  std::vector<Event> events = eventsOf(sessions, dropped);
  std::map<int32_t, int> threads; // the session's own is the first: its dispatches come before their shares
  Json list = Json::array();
  for (const Event &event : events) {
    auto [thread, isNew] = threads.try_emplace(event.event.thread, static_cast<int>(threads.size()) + 1);
    if (isNew)
      list.push_back(
          {{"name", "thread_name"},
           {"ph", "M"},
           {"pid", 1},
           {"tid", thread->second},
           {"args", {{"name", thread->second == 1 ? "host program" : "worker " + std::to_string(thread->second - 1)}}}});
    list.push_back(describe(model, event, events.front().event.begin, thread->second));
  }
  Json whole = {{"displayTimeUnit", "ns"},
                {"traceEvents", std::move(list)},
                {"threads", sessions.empty() ? 0 : tensel_session_thread_count(sessions[0].session)},
                {"level", tensel_model_cpu_level(model)},
                {"kernels", kernelsOf(sessions)},
                {"dropped_events", dropped}};
  return whole.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace tensel::cli
