// A session: the arena laid out for some symbol limits, the threads, and everything a run needs, all made at once so
// that runs allocate nothing.
#ifndef TENSEL_RUNTIME_SRC_SESSION_H
#define TENSEL_RUNTIME_SRC_SESSION_H

#include "runtime/src/Model.h"
#include "runtime/src/ThreadPool.h"

namespace tensel::rt {

/// Zeroed pages, in huge ones where the system has them.
class Arena {
public:
  Arena() = default;
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;
  [[nodiscard]] bool allocate(uint64_t bytes);
  void *data() const { return begin; }

private:
  void *mapping = nullptr, *begin = nullptr;
  size_t mappingSize = 0;
};

struct KernelCost {
  int64_t calls, nanoseconds;
};

constexpr int64_t maxEvents = int64_t(1) << 32;

/// What the compiled program sees, with the way back to the session.
struct SessionEnv {
  tensel_host_env env; // first, so that its address is the session's
  tensel_session *session;
};

} // namespace tensel::rt

struct tensel_session {
  tensel_status_t create(const tensel_model &model, size_t function, const tensel_session_options &options,
                         tensel::rt::Error &error);
  tensel_status_t setState(size_t index, void *data, tensel_elem_type type, const int64_t *dims, int32_t rank);
  tensel_status_t setInput(size_t index, const void *data, tensel_elem_type type, const int64_t *dims, int32_t rank);
  tensel_status_t run();
  tensel_status_t output(size_t index, const void **data, const int64_t **dims, int32_t *rank);

  const tensel_model *model = nullptr;
  size_t function = 0;
  int64_t arenaBytes = 0;
  /// What it took when it was made: arena, tables, stacks.
  int64_t memoryBytes() const;
  tensel::rt::ThreadPool pool;
  tensel::rt::Array<tensel::rt::KernelCost> costs; // empty: not measured
  tensel::rt::Array<tensel_event> events;
  std::atomic<int64_t> eventCount{0}; // also those that found no room
  tensel::rt::Error error;            // of the last call that failed

private:
  tensel_status_t applyLimits(const tensel_session_options &options, tensel::rt::Error &error);
  tensel_status_t layOut(tensel::rt::Error &error);
  tensel_status_t setTensor(size_t index, void *data, tensel_elem_type type, const int64_t *dims, int32_t rank);
  tensel_status_t bindSymbols();
  tensel_status_t checkOutputs();
  tensel_status_t describeFailure(int32_t code);
  static void parallelFor(tensel_host_env *env, tensel_range_fn fn, void *closure, int64_t count);
  static void profiledParallelFor(tensel_host_env *env, tensel_range_fn fn, void *closure, int64_t count);
  void addEvent(int64_t dispatch, int64_t begin, int64_t end, bool isShare);
  static void measuredRange(void *loop, int64_t begin, int64_t end);
  static int32_t fail(tensel_host_env *env, int32_t code, int64_t where, int64_t found, int64_t expected);

  tensel::rt::SessionEnv env{};
  tensel::rt::Arena arena;
  tensel::rt::Array<int64_t> offsets, capacities;
  tensel::rt::Array<int64_t> limits;  // per symbol: largest value, -1: any
  tensel::rt::Array<int64_t> symbols; // per symbol: value in this run, -1: not bound
  tensel::rt::Array<int64_t> dims;    // TENSEL_MAX_RANK for each input, then each output
  tensel::rt::Array<tensel_abi_tensor> tensors;
  tensel::rt::Array<bool> isSet;
  bool hasRun = false;
  std::atomic<bool> hasFailed{false};
  int32_t failCode = 0;
  int64_t failWhere = 0, failFound = 0, failExpected = 0;
};

#endif
