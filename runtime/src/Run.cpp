// Running sessions: inputs are checked when they are set, symbols are bound when the run begins, outputs are checked
// when it ends. Nothing here allocates. See Session.h.
#include "runtime/package/SizeExpr.h"
#include "runtime/package_generated.h"
#include "runtime/src/Session.h"

#include <algorithm>
#include <ctime>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace tensel::rt;
using flatbuffers::uoffset_t;

static SessionEnv &sessionEnv(tensel_host_env *env) { return *reinterpret_cast<SessionEnv *>(env); }

void tensel_session::parallelFor(tensel_host_env *env, tensel_range_fn fn, void *closure, int64_t count) {
  sessionEnv(env).session->pool.parallelFor(fn, closure, count);
}

static int64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

namespace {
/// A dispatch that is measured, while it runs.
struct MeasuredLoop {
  tensel_session *session;
  tensel_range_fn function;
  void *closure;
  int64_t dispatch;
};
} // namespace

/// The value of a cost for the symbols of this run, -1 where it is not known.
static int64_t costOf(const flatbuffers::Vector<int64_t> *expr, const Array<int64_t> &symbols) {
  int64_t value = -1;
  if (!expr || !expr->size() ||
      evalSizeExpr(expr->data(), expr->size(), symbols.data(), symbols.size(), value) != SizeExprResult::Ok)
    return -1;
  return value;
}

void tensel_session::addEvent(int64_t dispatch, int64_t begin, int64_t end, bool isShare) {
  int64_t place = eventCount.fetch_add(1, std::memory_order_relaxed);
  if (place >= int64_t(events.size()))
    return;
  tensel_event &event = events[size_t(place)];
  event = {int32_t(dispatch), int32_t(syscall(SYS_gettid)), isShare, begin, end - begin, -1, -1};
  if (isShare)
    return;
  const fb::Dispatch &known = *model->function(function).dispatches()->Get(uoffset_t(dispatch));
  int64_t read = costOf(known.bytes_read(), symbols), written = costOf(known.bytes_written(), symbols);
  event.flops = costOf(known.flops(), symbols);
  event.bytes = read < 0 || written < 0 ? -1 : read + written;
}

void tensel_session::measuredRange(void *closure, int64_t begin, int64_t end) {
  const MeasuredLoop &loop = *static_cast<MeasuredLoop *>(closure);
  int64_t start = nanoseconds();
  loop.function(loop.closure, begin, end);
  loop.session->addEvent(loop.dispatch, start, nanoseconds(), true);
}

/// Nested loops (begun inside a kernel) run on other threads and count for their kernel, so only whole loops that the
/// host program begins are measured: those are on the session's thread.
void tensel_session::profiledParallelFor(tensel_host_env *env, tensel_range_fn fn, void *closure, int64_t count) {
  tensel_session &session = *sessionEnv(env).session;
  const auto *dispatches = session.model->function(session.function).dispatches();
  int64_t dispatch = env->dispatch;
  if (session.pool.isBusy() || !dispatches || dispatch < 0 || dispatch >= int64_t(dispatches->size()))
    return session.pool.parallelFor(fn, closure, count);
  bool hasEvents = session.events.size() != 0;
  MeasuredLoop loop = {&session, fn, closure, dispatch};
  int64_t begin = nanoseconds();
  if (hasEvents && count > 1 && session.pool.threadCount() > 1)
    session.pool.parallelFor(measuredRange, &loop, count);
  else
    session.pool.parallelFor(fn, closure, count);
  int64_t end = nanoseconds();
  KernelCost &cost = session.costs[size_t(dispatches->Get(uoffset_t(dispatch))->kernel())];
  cost.calls += 1;
  cost.nanoseconds += end - begin;
  if (hasEvents)
    session.addEvent(dispatch, begin, end, false);
}

int32_t tensel_session::fail(tensel_host_env *env, int32_t code, int64_t where, int64_t found, int64_t expected) {
  tensel_session &session = *sessionEnv(env).session;
  if (!session.hasFailed.exchange(true)) {
    session.failCode = code;
    session.failWhere = where;
    session.failFound = found;
    session.failExpected = expected;
  }
  return code;
}

tensel_status_t tensel_session::setInput(size_t index, const void *data, tensel_elem_type type, const int64_t *givenDims,
                                         int32_t rank) {
  const tensel_tensor_info &info = model->inputs(function)[index];
  if (info.state >= 0)
    return error.set(TENSEL_INVALID_ARGUMENT,
                     "input '%.100s' is a state: expected memory that the run may write, set with tensel_session_set_state",
                     info.name);
  // The program reads inputs only.
  return setTensor(index, const_cast<void *>(data), type, givenDims, rank);
}

tensel_status_t tensel_session::setState(size_t index, void *data, tensel_elem_type type, const int64_t *givenDims,
                                         int32_t rank) {
  const tensel_tensor_info &info = model->inputs(function)[index];
  if (info.state < 0)
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s' is no state: expected a call of tensel_session_set_input",
                     info.name);
  return setTensor(index, data, type, givenDims, rank);
}

tensel_status_t tensel_session::setTensor(size_t index, void *data, tensel_elem_type type, const int64_t *givenDims,
                                          int32_t rank) {
  const tensel_tensor_info &info = model->inputs(function)[index];
  if (type != info.type)
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s': found element type %s, expected %s", info.name,
                     tensel_elem_type_name(type), tensel_elem_type_name(info.type));
  if (rank != info.rank)
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s': found rank %d, expected %d", info.name, rank, info.rank);
  if (rank && !givenDims)
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s': dims is null", info.name);
  int64_t bytes = int64_t(tensel_elem_type_size(type));
  for (int32_t d = 0; d < rank; ++d) {
    int64_t dim = givenDims[d];
    if (info.symbols[d] < 0) {
      if (dim != info.dims[d])
        return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d: found %lld, expected %lld", info.name, d, (long long)dim,
                         (long long)info.dims[d]);
    } else {
      size_t s = size_t(info.symbols[d]);
      const tensel_symbol_info &symbol = model->symbols[s];
      if (dim < symbol.min || (symbol.max >= 0 && dim > symbol.max)) {
        if (symbol.max < 0)
          return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d ('%.60s'): found %lld, expected at least %lld", info.name,
                           d, symbol.name, (long long)dim, (long long)symbol.min);
        return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d ('%.60s'): found %lld, expected %lld to %lld", info.name, d,
                         symbol.name, (long long)dim, (long long)symbol.min, (long long)symbol.max);
      }
      if (dim % symbol.step)
        return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d ('%.60s'): found %lld, expected a multiple of %lld",
                         info.name, d, symbol.name, (long long)dim, (long long)symbol.step);
      if (limits[s] >= 0 && dim > limits[s])
        return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d ('%.60s'): found %lld, this session's limit is %lld",
                         info.name, d, symbol.name, (long long)dim, (long long)limits[s]);
    }
    if (__builtin_mul_overflow(bytes, dim, &bytes))
      return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s': its dims make more than 2^63 bytes", info.name);
  }
  if (bytes && !data)
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s': data is null", info.name);
  if (reinterpret_cast<uintptr_t>(data) % tensel_elem_type_size(type))
    return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s': data is not aligned to its elements of %zu bytes", info.name,
                     tensel_elem_type_size(type));
  tensors[index].data = data;
  std::copy(givenDims, givenDims + rank, tensors[index].dims);
  isSet[index] = true;
  return TENSEL_OK;
}

/// Each symbol gets its value from the first dim that has it; the others must agree.
tensel_status_t tensel_session::bindSymbols() {
  std::fill(symbols.begin(), symbols.end(), -1);
  const tensel_tensor_info *inputs = model->inputs(function);
  for (size_t i = 0; i < isSet.size(); ++i) {
    if (!isSet[i])
      return error.set(TENSEL_INVALID_ARGUMENT, "input '%.100s' is not set", inputs[i].name);
    for (int32_t d = 0; d < inputs[i].rank; ++d) {
      int32_t s = inputs[i].symbols[d];
      if (s < 0)
        continue;
      int64_t dim = tensors[i].dims[d];
      if (symbols[size_t(s)] < 0)
        symbols[size_t(s)] = dim;
      else if (symbols[size_t(s)] != dim)
        return error.set(TENSEL_OUT_OF_RANGE, "input '%.100s', dim %d ('%.60s'): found %lld, expected %lld as in an input before",
                         inputs[i].name, d, model->symbols[size_t(s)].name, (long long)dim, (long long)symbols[size_t(s)]);
    }
  }
  return TENSEL_OK;
}

tensel_status_t tensel_session::describeFailure(int32_t code) {
  const fb::Function &fn = model->function(function);
  auto textAt = [&](const auto *list, auto get) -> const char * {
    if (!list || failWhere < 0 || uint64_t(failWhere) >= list->size())
      return "";
    const flatbuffers::String *text = get(list, uoffset_t(failWhere));
    return text ? text->c_str() : "";
  };
  auto found = (long long)failFound, expected = (long long)failExpected;
  if (!hasFailed.load())
    return error.set(TENSEL_PROGRAM_FAILED, "the program failed with code %d", code);
  const char *place = textAt(fn.places(), [](const auto *list, uoffset_t i) { return list->Get(i); });
  switch (failCode) {
  case TENSEL_FAIL_CAPACITY:
    return error.set(TENSEL_PROGRAM_FAILED, "value '%.200s' (%lld) needs %lld bytes, the session reserved %lld",
                     textAt(fn.planned_values(), [](const auto *list, uoffset_t i) { return list->Get(i)->name(); }),
                     (long long)failWhere, found, expected);
  case TENSEL_FAIL_DIMS:
    return error.set(TENSEL_PROGRAM_FAILED, "dims disagree at '%.200s' (%lld): found %lld, expected %lld", place,
                     (long long)failWhere, found, expected);
  case TENSEL_FAIL_VALUE:
    return error.set(TENSEL_PROGRAM_FAILED, "bad value at '%.200s' (%lld): found %lld, expected %lld", place,
                     (long long)failWhere, found, expected);
  default:
    return error.set(TENSEL_PROGRAM_FAILED, "the program failed with code %d at %lld: found %lld, expected %lld", failCode,
                     (long long)failWhere, found, expected);
  }
}

/// The program keeps what the signature promises.
tensel_status_t tensel_session::checkOutputs() {
  const tensel_tensor_info *outputs = model->outputs(function);
  for (size_t i = 0; i < model->outputCount(function); ++i) {
    const tensel_abi_tensor &tensor = tensors[isSet.size() + i];
    bool isEmpty = false;
    for (int32_t d = 0; d < outputs[i].rank; ++d) {
      int32_t s = outputs[i].symbols[d];
      int64_t expected = s < 0 ? outputs[i].dims[d] : symbols[size_t(s)];
      if (tensor.dims[d] < 0 || (expected >= 0 && tensor.dims[d] != expected))
        return error.set(TENSEL_PROGRAM_FAILED, "output '%.100s', dim %d: the program gave %lld, expected %lld", outputs[i].name,
                         d, (long long)tensor.dims[d], (long long)expected);
      isEmpty |= tensor.dims[d] == 0;
    }
    if (outputs[i].state >= 0 && tensor.data != tensors[size_t(outputs[i].state)].data)
      return error.set(TENSEL_PROGRAM_FAILED, "output '%.100s': the program did not leave it in the state's memory",
                       outputs[i].name);
    if (!tensor.data && !isEmpty)
      return error.set(TENSEL_PROGRAM_FAILED, "output '%.100s': the program gave no data", outputs[i].name);
  }
  return TENSEL_OK;
}

tensel_status_t tensel_session::run() {
  hasRun = false;
  if (tensel_status_t status = bindSymbols(); status != TENSEL_OK)
    return status;
  for (size_t i = isSet.size(); i < tensors.size(); ++i) {
    tensors[i].data = nullptr;
    std::fill(tensors[i].dims, tensors[i].dims + TENSEL_MAX_RANK, -1);
  }
  hasFailed.store(false);
  // Rounding and denormals are the default on every thread, whatever the application has set on this one.
#if defined(__x86_64__)
  unsigned control = _mm_getcsr();
  _mm_setcsr(0x1f80);
#endif
  int32_t code = model->entries[function](&env.env, tensors.data(), tensors.data() + isSet.size());
#if defined(__x86_64__)
  _mm_setcsr(control);
#endif
  if (code != 0 || hasFailed.load())
    return describeFailure(code);
  tensel_status_t status = checkOutputs();
  hasRun = status == TENSEL_OK;
  return status;
}

tensel_status_t tensel_session::output(size_t index, const void **data, const int64_t **outputDims, int32_t *rank) {
  if (!hasRun)
    return error.set(TENSEL_INVALID_ARGUMENT, "there is no output: the session has not run, or its last run failed");
  const tensel_abi_tensor &tensor = tensors[isSet.size() + index];
  if (data)
    *data = tensor.data;
  if (outputDims)
    *outputDims = tensor.dims;
  if (rank)
    *rank = model->outputs(function)[index].rank;
  return TENSEL_OK;
}
