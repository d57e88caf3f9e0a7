/* Tensel's C API: load a compiled model, make a session, run it. C11 and C++.
 *
 * A model is immutable and may be shared by threads; a session belongs to one thread at a time, any number of
 * sessions may run at once. Nothing is allocated after tensel_session_create. No function prints, aborts or throws. */
#ifndef TENSEL_RUNTIME_H
#define TENSEL_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In C++ a fixed type makes each value that C can pass a legal one. */
#ifdef __cplusplus
#define TENSEL_ENUM_TYPE : unsigned
#else
#define TENSEL_ENUM_TYPE
#endif

typedef enum tensel_status TENSEL_ENUM_TYPE {
  TENSEL_OK = 0,
  TENSEL_INVALID_ARGUMENT = 1, /* a null handle, an index or name that does not exist, a wrong type */
  TENSEL_OUT_OF_RANGE = 2,     /* a dim outside its declared range or the session's limits */
  TENSEL_IO_ERROR = 3,         /* the file cannot be opened, read or mapped */
  TENSEL_BAD_PACKAGE = 4,      /* not a package, cut, changed, or inconsistent */
  TENSEL_UNSUPPORTED = 5,      /* a package for another machine or a newer format */
  TENSEL_OUT_OF_MEMORY = 6,
  TENSEL_PROGRAM_FAILED = 7 /* the compiled program found something wrong with the values */
} tensel_status_t;

typedef enum tensel_elem_type TENSEL_ENUM_TYPE {
  TENSEL_F64 = 1,
  TENSEL_F32 = 2,
  TENSEL_F16 = 3,
  TENSEL_BF16 = 4,
  TENSEL_BOOL = 5, /* one byte, 0 or 1 */
  TENSEL_I8 = 6,
  TENSEL_I16 = 7,
  TENSEL_I32 = 8,
  TENSEL_I64 = 9,
  TENSEL_U8 = 10,
  TENSEL_U16 = 11,
  TENSEL_U32 = 12,
  TENSEL_U64 = 13
} tensel_elem_type;

typedef struct tensel_model tensel_model;
typedef struct tensel_session tensel_session;
typedef struct tensel_static_model tensel_static_model; /* tensel/kernel_abi.h */

/* Filled by functions that have no handle to keep a message on. May be NULL. */
typedef struct tensel_error {
  char message[512]; /* one line, no newline */
} tensel_error_t;

/* What a function takes or gives. Strings and arrays live as long as the model. */
typedef struct tensel_tensor_info {
  const char *name;
  tensel_elem_type type;
  int32_t rank;
  const int64_t *dims;    /* -1 where symbolic or unknown */
  const int32_t *symbols; /* per dim: symbol index, or -1 */
  int32_t state;          /* of an input that is a state: the output that is its next value; and back. Else -1 */
} tensel_tensor_info;

/* One dimension that may vary: min, min rounded up to step, ..., max. */
typedef struct tensel_symbol_info {
  const char *name;
  int64_t min;
  int64_t max; /* -1: not bounded */
  int64_t step;
} tensel_symbol_info;

/* What one kernel is and what it has cost so far; see tensel_session_options.profile. */
typedef struct tensel_kernel_info {
  const char *name;
  int64_t flops; /* at the declared maxima, -1 when not bounded */
  int64_t bytes;
  int64_t calls;
  int64_t nanoseconds;
} tensel_kernel_info;

/* One dispatch of a run, or one thread's share of it; see tensel_session_options.events. */
typedef struct tensel_event {
  int32_t dispatch; /* of the session's function */
  int32_t thread;   /* the system's id */
  int32_t is_share; /* not 0: what one thread did of a dispatch, whose own event follows */
  int64_t begin;    /* nanoseconds of CLOCK_MONOTONIC */
  int64_t nanoseconds;
  int64_t flops; /* for the dims of that run; -1 where not known, and of shares */
  int64_t bytes; /* read and written, the same */
} tensel_event;

typedef struct tensel_symbol_limit {
  const char *symbol;
  int64_t max;
} tensel_symbol_limit;

typedef struct tensel_session_options {
  int32_t threads;                   /* 0: one for each CPU that the process may use; 1: no thread is made */
  int32_t profile;                   /* not 0: measure every kernel */
  const tensel_symbol_limit *limits; /* smaller maxima; each symbol without a declared one needs a limit */
  size_t limit_count;
  int64_t events; /* with profile: how many events to keep, the first ones; their memory is made with the session */
} tensel_session_options;

/* "0.1.0" */
const char *tensel_version(void);
const char *tensel_status_name(tensel_status_t status);
const char *tensel_elem_type_name(tensel_elem_type type);
/* Bytes of one element, 0 for no such type. */
size_t tensel_elem_type_size(tensel_elem_type type);

/* --- models ------------------------------------------------------------------------------------------------ */

/* Maps the file read only and checks all of it. A package holds native code: load those that you trust. */
tensel_status_t tensel_model_load_file(const char *path, tensel_model **model, tensel_error_t *error);
/* The bytes are borrowed until the model is destroyed if they are 64-byte aligned, and copied otherwise. */
tensel_status_t tensel_model_load_memory(const void *data, size_t size, tensel_model **model, tensel_error_t *error);
/* A model linked into this program. */
tensel_status_t tensel_model_load_static(const tensel_static_model *description, tensel_model **model, tensel_error_t *error);
/* After its last session. NULL is fine. */
void tensel_model_destroy(tensel_model *model);

int32_t tensel_model_function_count(const tensel_model *model);
/* NULL when there is no such function. */
const char *tensel_model_function_name(const tensel_model *model, int32_t function);
/* -1 when there is no such function. */
int32_t tensel_model_find_function(const tensel_model *model, const char *name);
int32_t tensel_model_input_count(const tensel_model *model, int32_t function);
int32_t tensel_model_output_count(const tensel_model *model, int32_t function);
tensel_status_t tensel_model_input(const tensel_model *model, int32_t function, int32_t index, tensel_tensor_info *info);
tensel_status_t tensel_model_output(const tensel_model *model, int32_t function, int32_t index, tensel_tensor_info *info);
int32_t tensel_model_symbol_count(const tensel_model *model);
tensel_status_t tensel_model_symbol(const tensel_model *model, int32_t index, tensel_symbol_info *info);
/* The arena's bytes at the declared maxima; -1 when a symbol is not bounded. */
int64_t tensel_model_peak_bytes(const tensel_model *model, int32_t function);
/* The kernel (tensel_session_kernel) that a function's dispatch runs; -1 when there is no such dispatch. */
int32_t tensel_model_dispatch_kernel(const tensel_model *model, int32_t function, int32_t dispatch);
/* The source nodes that it computes, by index; NULL behind the last. The one whose result it writes comes first. */
const char *tensel_model_dispatch_node(const tensel_model *model, int32_t function, int32_t dispatch, int32_t index);
/* The level of the code that was chosen for this machine, "x86-64-v3". TENSEL_CPU_LEVEL in the environment lowers it. */
const char *tensel_model_cpu_level(const tensel_model *model);

/* The bytes of a constant of the model by its name, valid as long as the model. Language models keep their text side in
 * "text.tokenizer", "text.chat_template" and "text.settings". */
tensel_status_t tensel_model_weight(const tensel_model *model, const char *name, const void **data, size_t *size);

/* --- sessions ---------------------------------------------------------------------------------------------- */

/* options may be NULL: all CPUs, declared maxima. */
tensel_status_t tensel_session_create(const tensel_model *model, int32_t function, const tensel_session_options *options,
                                      tensel_session **session, tensel_error_t *error);
void tensel_session_destroy(tensel_session *session);
/* Contiguous row-major data aligned to its element, borrowed until the next tensel_session_set_input of this index. Not
 * for states. */
tensel_status_t tensel_session_set_input(tensel_session *session, int32_t index, const void *data, tensel_elem_type type,
                                         const int64_t *dims, int32_t rank);
/* The same by name. */
tensel_status_t tensel_session_set_input_named(tensel_session *session, const char *name, const void *data, tensel_elem_type type,
                                               const int64_t *dims, int32_t rank);
/* The memory of an input that is a state (tensel_tensor_info): what lives from run to run, such as a language model's keys
 * and values. A run reads the state there and leaves its next value there, which is the output that belongs to it; after a
 * run that failed it holds neither. It is the caller's to fill before the first run (with zeros, where a text begins) and
 * to keep, to copy or to give to another session, and must not overlap other inputs. */
tensel_status_t tensel_session_set_state(tensel_session *session, int32_t index, void *data, tensel_elem_type type,
                                         const int64_t *dims, int32_t rank);
tensel_status_t tensel_session_run(tensel_session *session);
/* Data and dims of an output of the last successful run, valid until the next run. */
tensel_status_t tensel_session_output(tensel_session *session, int32_t index, const void **data, const int64_t **dims,
                                      int32_t *rank);
/* Bytes of the arena: all memory that runs of this session use, besides inputs and weights. */
int64_t tensel_session_arena_bytes(const tensel_session *session);
/* All that the session took when it was made, as `tensel inspect` states it: arena, tables and the stacks of its threads. */
int64_t tensel_session_memory_bytes(const tensel_session *session);
int32_t tensel_session_thread_count(const tensel_session *session);
int32_t tensel_session_kernel_count(const tensel_session *session);
tensel_status_t tensel_session_kernel(const tensel_session *session, int32_t index, tensel_kernel_info *info);
/* Events so far, and how many of them are kept. To be asked between runs. */
int64_t tensel_session_event_count(const tensel_session *session, int64_t *kept);
tensel_status_t tensel_session_event(const tensel_session *session, int64_t index, tensel_event *event);
/* One line about the last call that did not return TENSEL_OK, "" when there was none. */
const char *tensel_session_message(const tensel_session *session);

#ifdef __cplusplus
}
#endif
#endif
