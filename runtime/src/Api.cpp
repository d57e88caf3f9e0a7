// The C API: checks handles and indices, keeps messages, and calls the C++ inside.
#include "runtime/include/tensel/runtime.h"
#include "runtime/package_generated.h"
#include "runtime/src/Session.h"

#include <cstring>
#include <new>

using namespace tensel::rt;

namespace {

/// Zeroed memory first: the objects are made without operator new, which libstdc++ would have to provide.
template <typename T>
T *make() {
  size_t size = (sizeof(T) + alignof(T) - 1) / alignof(T) * alignof(T);
  void *memory = aligned_alloc(alignof(T) < sizeof(void *) ? sizeof(void *) : alignof(T), size);
  return memory ? new (memory) T() : nullptr;
}

template <typename T>
void destroy(T *object) {
  if (!object)
    return;
  object->~T();
  free(object);
}

template <typename Load>
tensel_status_t load(tensel_model **model, tensel_error_t *error, Load load) {
  Error problem;
  if (error)
    error->message[0] = 0;
  if (!model) {
    tensel_status_t status = problem.set(TENSEL_INVALID_ARGUMENT, "model is null");
    problem.copyTo(error);
    return status;
  }
  *model = nullptr;
  auto *loaded = make<tensel_model>();
  tensel_status_t status = loaded ? load(*loaded, problem) : problem.set(TENSEL_OUT_OF_MEMORY, "no memory for a model");
  if (status == TENSEL_OK) {
    *model = loaded;
    return TENSEL_OK;
  }
  // The message may quote the package, so it is copied before that goes.
  problem.copyTo(error);
  destroy(loaded);
  return status;
}

bool hasFunction(const tensel_model *model, int32_t function) {
  return model && function >= 0 && size_t(function) < model->functionCount();
}

} // namespace

extern "C" {

const char *tensel_version(void) { return "0.1.0"; }

const char *tensel_status_name(tensel_status_t status) {
  switch (status) {
  case TENSEL_OK:
    return "ok";
  case TENSEL_INVALID_ARGUMENT:
    return "invalid argument";
  case TENSEL_OUT_OF_RANGE:
    return "out of range";
  case TENSEL_IO_ERROR:
    return "io error";
  case TENSEL_BAD_PACKAGE:
    return "bad package";
  case TENSEL_UNSUPPORTED:
    return "unsupported";
  case TENSEL_OUT_OF_MEMORY:
    return "out of memory";
  case TENSEL_PROGRAM_FAILED:
    return "program failed";
  }
  return "unknown status";
}

const char *tensel_elem_type_name(tensel_elem_type type) {
  static const char *const names[] = {"unknown", "f64", "f32", "f16", "bf16", "bool", "i8",
                                      "i16",     "i32", "i64", "u8",  "u16",  "u32",  "u64"};
  return type >= TENSEL_F64 && type <= TENSEL_U64 ? names[type] : names[0];
}

size_t tensel_elem_type_size(tensel_elem_type type) {
  static const uint8_t sizes[] = {0, 8, 4, 2, 2, 1, 1, 2, 4, 8, 1, 2, 4, 8};
  return type >= TENSEL_F64 && type <= TENSEL_U64 ? sizes[type] : 0;
}

tensel_status_t tensel_model_load_file(const char *path, tensel_model **model, tensel_error_t *error) {
  return load(model, error, [&](tensel_model &loaded, Error &problem) {
    return path ? loaded.loadFile(path, problem) : problem.set(TENSEL_INVALID_ARGUMENT, "path is null");
  });
}

tensel_status_t tensel_model_load_memory(const void *data, size_t size, tensel_model **model, tensel_error_t *error) {
  return load(model, error, [&](tensel_model &loaded, Error &problem) {
    return data ? loaded.loadMemory(data, size, problem) : problem.set(TENSEL_INVALID_ARGUMENT, "data is null");
  });
}

tensel_status_t tensel_model_load_static(const tensel_static_model *description, tensel_model **model, tensel_error_t *error) {
  return load(model, error, [&](tensel_model &loaded, Error &problem) {
    return description && description->package && description->levels
               ? loaded.loadStatic(*description, problem)
               : problem.set(TENSEL_INVALID_ARGUMENT, "the model's description is null");
  });
}

void tensel_model_destroy(tensel_model *model) { destroy(model); }

int32_t tensel_model_function_count(const tensel_model *model) { return model ? int32_t(model->functionCount()) : 0; }

const char *tensel_model_function_name(const tensel_model *model, int32_t function) {
  return hasFunction(model, function) ? model->function(size_t(function)).name()->c_str() : nullptr;
}

int32_t tensel_model_find_function(const tensel_model *model, const char *name) {
  for (int32_t i = 0; name && i < tensel_model_function_count(model); ++i)
    if (strcmp(name, tensel_model_function_name(model, i)) == 0)
      return i;
  return -1;
}

int32_t tensel_model_input_count(const tensel_model *model, int32_t function) {
  return hasFunction(model, function) ? int32_t(model->inputCount(size_t(function))) : 0;
}

int32_t tensel_model_output_count(const tensel_model *model, int32_t function) {
  return hasFunction(model, function) ? int32_t(model->outputCount(size_t(function))) : 0;
}

tensel_status_t tensel_model_input(const tensel_model *model, int32_t function, int32_t index, tensel_tensor_info *info) {
  if (!info || index < 0 || index >= tensel_model_input_count(model, function))
    return TENSEL_INVALID_ARGUMENT;
  *info = model->inputs(size_t(function))[index];
  return TENSEL_OK;
}

tensel_status_t tensel_model_output(const tensel_model *model, int32_t function, int32_t index, tensel_tensor_info *info) {
  if (!info || index < 0 || index >= tensel_model_output_count(model, function))
    return TENSEL_INVALID_ARGUMENT;
  *info = model->outputs(size_t(function))[index];
  return TENSEL_OK;
}

int32_t tensel_model_symbol_count(const tensel_model *model) { return model ? int32_t(model->symbols.size()) : 0; }

tensel_status_t tensel_model_symbol(const tensel_model *model, int32_t index, tensel_symbol_info *info) {
  if (!info || index < 0 || index >= tensel_model_symbol_count(model))
    return TENSEL_INVALID_ARGUMENT;
  *info = model->symbols[size_t(index)];
  return TENSEL_OK;
}

int64_t tensel_model_peak_bytes(const tensel_model *model, int32_t function) {
  return hasFunction(model, function) ? model->function(size_t(function)).peak_bytes() : -1;
}

static const fb::Dispatch *dispatchOf(const tensel_model *model, int32_t function, int32_t dispatch) {
  if (!model || function < 0 || size_t(function) >= model->functionCount())
    return nullptr;
  const auto *list = model->function(size_t(function)).dispatches();
  return list && dispatch >= 0 && size_t(dispatch) < list->size() ? list->Get(flatbuffers::uoffset_t(dispatch)) : nullptr;
}

int32_t tensel_model_dispatch_kernel(const tensel_model *model, int32_t function, int32_t dispatch) {
  const fb::Dispatch *found = dispatchOf(model, function, dispatch);
  return found ? found->kernel() : -1;
}

const char *tensel_model_dispatch_node(const tensel_model *model, int32_t function, int32_t dispatch, int32_t index) {
  const fb::Dispatch *found = dispatchOf(model, function, dispatch);
  if (!found || !found->nodes() || index < 0 || size_t(index) >= found->nodes()->size())
    return nullptr;
  int32_t node = found->nodes()->Get(flatbuffers::uoffset_t(index));
  return model->package.metadata().nodes()->Get(flatbuffers::uoffset_t(node))->c_str();
}

const char *tensel_model_cpu_level(const tensel_model *model) { return model ? model->level : ""; }

tensel_status_t tensel_model_weight(const tensel_model *model, const char *name, const void **data, size_t *size) {
  if (!model || !name || !data || !size)
    return TENSEL_INVALID_ARGUMENT;
  const auto *weights = model->package.metadata().weights();
  for (size_t i = 0; i < model->weights.size(); ++i)
    if (const fb::Weight &weight = *weights->Get(flatbuffers::uoffset_t(i)); strcmp(weight.name()->c_str(), name) == 0) {
      *data = model->weights[i];
      *size = size_t(weight.length());
      return TENSEL_OK;
    }
  return TENSEL_INVALID_ARGUMENT;
}

tensel_status_t tensel_session_create(const tensel_model *model, int32_t function, const tensel_session_options *options,
                                      tensel_session **session, tensel_error_t *error) {
  static const tensel_session_options defaults = {};
  Error problem;
  if (error)
    error->message[0] = 0;
  if (session)
    *session = nullptr;
  auto *created = session && hasFunction(model, function) ? make<tensel_session>() : nullptr;
  tensel_status_t status;
  if (!session)
    status = problem.set(TENSEL_INVALID_ARGUMENT, "session is null");
  else if (!hasFunction(model, function))
    status = problem.set(TENSEL_INVALID_ARGUMENT, "function %d: the model has %d", function, tensel_model_function_count(model));
  else if (!created)
    status = problem.set(TENSEL_OUT_OF_MEMORY, "no memory for a session");
  else
    status = created->create(*model, size_t(function), options ? *options : defaults, problem);
  if (status == TENSEL_OK) {
    *session = created;
    return TENSEL_OK;
  }
  problem.copyTo(error);
  destroy(created);
  return status;
}

void tensel_session_destroy(tensel_session *session) { destroy(session); }

tensel_status_t tensel_session_set_input(tensel_session *session, int32_t index, const void *data, tensel_elem_type type,
                                         const int64_t *dims, int32_t rank) {
  if (!session)
    return TENSEL_INVALID_ARGUMENT;
  size_t count = session->model->inputCount(session->function);
  if (index < 0 || size_t(index) >= count)
    return session->error.set(TENSEL_INVALID_ARGUMENT, "input %d: the function has %zu inputs", index, count);
  return session->setInput(size_t(index), data, type, dims, rank);
}

tensel_status_t tensel_session_set_input_named(tensel_session *session, const char *name, const void *data, tensel_elem_type type,
                                               const int64_t *dims, int32_t rank) {
  if (!session)
    return TENSEL_INVALID_ARGUMENT;
  const tensel_tensor_info *inputs = session->model->inputs(session->function);
  size_t count = session->model->inputCount(session->function), index = 0;
  while (index < count && (!name || strcmp(name, inputs[index].name) != 0))
    ++index;
  if (index < count)
    return session->setInput(index, data, type, dims, rank);
  return session->error.set(TENSEL_INVALID_ARGUMENT, "the function has no input '%.100s'%s%.100s%s", name ? name : "",
                            count ? "; its first is '" : "", count ? inputs[0].name : "", count ? "'" : "");
}

tensel_status_t tensel_session_set_state(tensel_session *session, int32_t index, void *data, tensel_elem_type type,
                                         const int64_t *dims, int32_t rank) {
  if (!session)
    return TENSEL_INVALID_ARGUMENT;
  size_t count = session->model->inputCount(session->function);
  if (index < 0 || size_t(index) >= count)
    return session->error.set(TENSEL_INVALID_ARGUMENT, "state %d: the function has %zu inputs", index, count);
  return session->setState(size_t(index), data, type, dims, rank);
}

tensel_status_t tensel_session_run(tensel_session *session) { return session ? session->run() : TENSEL_INVALID_ARGUMENT; }

tensel_status_t tensel_session_output(tensel_session *session, int32_t index, const void **data, const int64_t **dims,
                                      int32_t *rank) {
  if (!session)
    return TENSEL_INVALID_ARGUMENT;
  size_t count = session->model->outputCount(session->function);
  if (index < 0 || size_t(index) >= count)
    return session->error.set(TENSEL_INVALID_ARGUMENT, "output %d: the function has %zu outputs", index, count);
  return session->output(size_t(index), data, dims, rank);
}

int64_t tensel_session_arena_bytes(const tensel_session *session) { return session ? session->arenaBytes : 0; }

int64_t tensel_session_memory_bytes(const tensel_session *session) { return session ? session->memoryBytes() : 0; }

int32_t tensel_session_thread_count(const tensel_session *session) { return session ? session->pool.threadCount() : 0; }

int32_t tensel_session_kernel_count(const tensel_session *session) {
  return session ? int32_t(session->model->kernels.size()) : 0;
}

tensel_status_t tensel_session_kernel(const tensel_session *session, int32_t index, tensel_kernel_info *info) {
  if (!info || index < 0 || index >= tensel_session_kernel_count(session))
    return TENSEL_INVALID_ARGUMENT;
  const KernelInfo &kernel = session->model->kernels[size_t(index)];
  KernelCost cost = session->costs.size() ? session->costs[size_t(index)] : KernelCost{0, 0};
  *info = {kernel.name, kernel.flops, kernel.bytes, cost.calls, cost.nanoseconds};
  return TENSEL_OK;
}

int64_t tensel_session_event_count(const tensel_session *session, int64_t *kept) {
  int64_t count = session ? session->eventCount.load() : 0;
  if (kept)
    *kept = session ? std::min(count, int64_t(session->events.size())) : 0;
  return count;
}

tensel_status_t tensel_session_event(const tensel_session *session, int64_t index, tensel_event *event) {
  int64_t kept = 0;
  (void)tensel_session_event_count(session, &kept);
  if (!event || index < 0 || index >= kept)
    return TENSEL_INVALID_ARGUMENT;
  *event = session->events[size_t(index)];
  return TENSEL_OK;
}

const char *tensel_session_message(const tensel_session *session) { return session ? session->error.message : ""; }

} // extern "C"
