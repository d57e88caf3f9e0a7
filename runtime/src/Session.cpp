// Making sessions: limits, arena layout, threads. Session.h; runs are in Run.cpp.
#include "runtime/src/Session.h"
#include "runtime/package/SessionTables.h"
#include "runtime/package/SizeExpr.h"
#include "runtime/package_generated.h"

#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace tensel::rt;
using flatbuffers::uoffset_t;

static constexpr size_t hugePage = size_t(2) << 20;
static constexpr int32_t maxThreads = 1024;
static_assert(sizeof(tensel_session) <= sessionObjectBytes, "what is stated is what a session takes");
static_assert(TENSEL_MAX_RANK == 16 && sizeof(tensel_abi_tensor) == 16, "sessionTableBytes counts these");

Arena::~Arena() {
  if (mapping)
    munmap(mapping, mappingSize);
}

bool Arena::allocate(uint64_t bytes) {
  bool huge = bytes >= hugePage;
  mappingSize = size_t(bytes ? bytes : 1) + (huge ? hugePage : 0);
  mapping = mmap(nullptr, mappingSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) {
    mapping = nullptr;
    return false;
  }
  auto address = reinterpret_cast<uintptr_t>(mapping);
  if (huge) {
    address = (address + hugePage - 1) & ~(hugePage - 1);
    madvise(reinterpret_cast<void *>(address), size_t(bytes), MADV_HUGEPAGE);
  }
  begin = reinterpret_cast<void *>(address);
  return true;
}

static tensel_status_t outOfMemory(Error &error) { return error.set(TENSEL_OUT_OF_MEMORY, "no memory for the session's tables"); }

/// Takes the smaller of declared and asked-for maxima, as multiples of the step.
tensel_status_t tensel_session::applyLimits(const tensel_session_options &options, Error &error) {
  if (options.limit_count && !options.limits)
    return error.set(TENSEL_INVALID_ARGUMENT, "the options count %zu limits, but limits is null", options.limit_count);
  for (size_t s = 0; s < limits.size(); ++s)
    limits[s] = model->symbols[s].max;
  for (size_t i = 0; i < options.limit_count; ++i) {
    const tensel_symbol_limit &limit = options.limits[i];
    size_t s = 0;
    while (s < limits.size() && (!limit.symbol || strcmp(limit.symbol, model->symbols[s].name) != 0))
      ++s;
    if (s == limits.size())
      return error.set(TENSEL_INVALID_ARGUMENT, "limit %zu: the model has no symbol '%.100s'", i,
                       limit.symbol ? limit.symbol : "");
    const tensel_symbol_info &symbol = model->symbols[s];
    if (limit.max < symbol.min || (symbol.max >= 0 && limit.max > symbol.max) || limit.max > (int64_t(1) << 48))
      return error.set(TENSEL_OUT_OF_RANGE, "limit of symbol '%.100s': found %lld, expected %lld to %lld", symbol.name,
                       (long long)limit.max, (long long)symbol.min, (long long)(symbol.max >= 0 ? symbol.max : int64_t(1) << 48));
    limits[s] = limit.max;
  }
  for (size_t s = 0; s < limits.size(); ++s) {
    const tensel_symbol_info &symbol = model->symbols[s];
    if (limits[s] < 0)
      continue;
    limits[s] = limits[s] / symbol.step * symbol.step;
    if (limits[s] < symbol.min)
      return error.set(TENSEL_OUT_OF_RANGE, "limit of symbol '%.100s': no multiple of %lld from %lld up to it", symbol.name,
                       (long long)symbol.step, (long long)symbol.min);
  }
  return TENSEL_OK;
}

/// Evaluates the sizes for the limits and gives each planned value its place.
tensel_status_t tensel_session::layOut(Error &error) {
  const fb::Function &fn = model->function(function);
  const auto *values = fn.planned_values();
  size_t count = values ? values->size() : 0;
  Array<PlannerValue> sizes;
  Array<int64_t> scratch;
  if (!offsets.allocate(count) || !capacities.allocate(count) || !sizes.allocate(count) ||
      !scratch.allocate(MemoryPlanner::scratchWords * count))
    return outOfMemory(error);
  for (size_t i = 0; i < count; ++i) {
    const fb::PlannedValue &value = *values->Get(uoffset_t(i));
    const auto &expr = *value.size_expr();
    for (size_t s = 0; s < limits.size(); ++s)
      if (limits[s] < 0 && readsSymbol(expr.data(), expr.size(), int64_t(s)))
        return error.set(TENSEL_INVALID_ARGUMENT, "symbol '%.100s' has no declared maximum: the session needs a limit",
                         model->symbols[s].name);
    int64_t bytes = 0;
    if (evalSizeExpr(expr.data(), expr.size(), limits.data(), limits.size(), bytes) != SizeExprResult::Ok || bytes < 0)
      return error.set(TENSEL_OUT_OF_RANGE, "planned value %zu ('%.100s') has no size within 2^63 bytes", i,
                       value.name() ? value.name()->c_str() : "");
    capacities[i] = bytes;
    sizes[i] = {bytes, value.first(), value.last()};
  }
  MemoryPlanner planner(sizes.data(), count, offsets.data(), scratch.data());
  const uint32_t *order = fn.placing_order() && fn.placing_order()->size() == count ? fn.placing_order()->data() : nullptr;
  bool fits = planner.plan(order, sessionEffort);
  if (fits && fn.peak_bytes() >= 0 && planner.arenaBytes() > fn.peak_bytes()) {
    // A search may find less at smaller sizes. The layout of the declared maxima serves them, too, and keeps what is stated.
    for (size_t s = 0; s < symbols.size(); ++s)
      symbols[s] = model->symbols[s].max / model->symbols[s].step * model->symbols[s].step;
    for (size_t i = 0; i < count; ++i) {
      const auto &expr = *values->Get(uoffset_t(i))->size_expr();
      (void)evalSizeExpr(expr.data(), expr.size(), symbols.data(), symbols.size(), sizes[i].bytes);
    }
    fits = planner.plan(order, {0, 0});
  }
  if (!fits)
    return error.set(TENSEL_OUT_OF_RANGE, "the session's arena would pass 2^62 bytes");
  arenaBytes = planner.arenaBytes();
  // The system may promise more than it has, so a size that cannot work is refused here.
  auto machineBytes = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGESIZE));
  if (double(arenaBytes) > machineBytes || !arena.allocate(uint64_t(arenaBytes)))
    return error.set(TENSEL_OUT_OF_MEMORY, "the session needs an arena of %lld bytes; this machine has %.0f bytes",
                     (long long)arenaBytes, machineBytes);
  return TENSEL_OK;
}

int64_t tensel_session::memoryBytes() const {
  const int64_t threads = pool.threadCount();
  return arenaBytes +
         sessionTableBytes(
             {int64_t(symbols.size()), int64_t(tensors.size()), int64_t(isSet.size()), int64_t(offsets.size()), threads}) +
         workerStacksBytes(model->package.metadata().kernel_stack_bytes(), threads);
}

static int32_t usableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? int32_t(online) : 1;
}

tensel_status_t tensel_session::create(const tensel_model &theModel, size_t theFunction, const tensel_session_options &options,
                                       Error &theError) {
  model = &theModel;
  function = theFunction;
  size_t inputCount = model->inputCount(function), tensorCount = inputCount + model->outputCount(function);
  if (options.threads < 0 || options.threads > maxThreads)
    return theError.set(TENSEL_INVALID_ARGUMENT, "threads: found %d, expected 0 to %d", options.threads, maxThreads);
  if (options.events < 0 || options.events > maxEvents)
    return theError.set(TENSEL_INVALID_ARGUMENT, "events: found %lld, expected 0 to %lld", (long long)options.events,
                        (long long)maxEvents);
  if (!limits.allocate(model->symbols.size()) || !symbols.allocate(model->symbols.size()) || !tensors.allocate(tensorCount) ||
      !dims.allocate(tensorCount * TENSEL_MAX_RANK) || !isSet.allocate(inputCount) ||
      (options.profile && (!costs.allocate(model->kernels.size()) || !events.allocate(size_t(options.events)))))
    return outOfMemory(theError);
  for (size_t i = 0; i < tensorCount; ++i)
    tensors[i].dims = dims.data() + i * TENSEL_MAX_RANK;
  if (tensel_status_t status = applyLimits(options, theError); status != TENSEL_OK)
    return status;
  if (tensel_status_t status = layOut(theError); status != TENSEL_OK)
    return status;

  env.env = {arena.data(),
             offsets.data(),
             capacities.data(),
             model->weights.data(),
             options.profile ? profiledParallelFor : parallelFor,
             fail,
             0};
  env.session = this;
  int32_t threads = options.threads ? options.threads : usableCpus();
  if (int code = pool.start(threads, size_t(workerStackBytes(model->package.metadata().kernel_stack_bytes()))))
    return theError.set(TENSEL_OUT_OF_MEMORY, "cannot start %d threads: error %d", threads, code);
  return TENSEL_OK;
}
