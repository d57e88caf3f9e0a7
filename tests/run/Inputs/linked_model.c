/* Runs a model that is linked into this program: an input of ones with the rows given, every output element printed.
 * MODEL is the name that the emitted header declares; HEADER is that header. */
#include HEADER

#include "tensel/runtime.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  tensel_error_t error = {{0}};
  tensel_model *model = NULL;
  tensel_session *session = NULL;
  int64_t dims[2] = {argc > 1 ? atoll(argv[1]) : 1, 16};
  tensel_symbol_limit limit = {"N", dims[0]};
  tensel_session_options options = {.threads = 1, .limits = &limit, .limit_count = 1};
  if (tensel_model_load_static(&MODEL, &model, &error) || tensel_session_create(model, 0, &options, &session, &error)) {
    fprintf(stderr, "error: %s\n", error.message);
    return 1;
  }
  float *ones = malloc((size_t)dims[0] * 16 * sizeof(float));
  for (int64_t i = 0; i < dims[0] * 16; ++i)
    ones[i] = 1;
  const void *data = NULL;
  const int64_t *shape = NULL;
  int32_t rank = 0;
  if (tensel_session_set_input(session, 0, ones, TENSEL_F32, dims, 2) || tensel_session_run(session) ||
      tensel_session_output(session, 0, &data, &shape, &rank)) {
    fprintf(stderr, "error: %s\n", tensel_session_message(session));
    return 1;
  }
  for (int64_t i = 0; i < shape[0] * shape[1]; ++i)
    printf("%.6f\n", (double)((const float *)data)[i]);
  free(ones);
  tensel_session_destroy(session);
  tensel_model_destroy(model);
  return 0;
}
