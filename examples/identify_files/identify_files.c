/* Tells what kind of content files hold, with Magika's model compiled by Tensel and nothing but the runtime's C API.
 *
 * usage: identify_files MODEL.tensel LABELS FILE...
 *
 * The model sees the first and the last bytes of a file with the white space around them stripped, padded to a fixed
 * window. LABELS holds the window's sizes and, per output of the model, the label, its threshold, the label to show and
 * the one to show when the score is below the threshold; tools/dev/magika_assets.py writes it. */
#include "tensel/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MaxLabels = 1024, MaxWindow = 8192, MaxSymbols = 8, NameSize = 64 };

/* One output of the model. */
typedef struct {
  char name[NameSize], shown[NameSize], below[NameSize];
  double threshold;
} label;

/* What the labels file says. */
typedef struct {
  int begin, end, block, padding, smallest;
  int count;
  label labels[MaxLabels];
} config;

static int fail(const char *what, const char *message) {
  fprintf(stderr, "identify_files: %s: %s\n", what, message);
  return 1;
}

/* Reads the labels file; 0 when it is well formed. */
static int readConfig(const char *path, config *out) {
  FILE *file = fopen(path, "r");
  if (!file)
    return fail(path, "cannot be opened");
  out->count = 0;
  int good = fscanf(file, "window %d %d %d %d %d\n", &out->begin, &out->end, &out->block, &out->padding, &out->smallest) == 5 &&
             out->begin > 0 && out->end > 0 && out->begin + out->end <= MaxWindow && out->block <= MaxWindow &&
             out->begin < out->block && out->end < out->block && out->smallest > 0 && out->smallest <= out->begin;
  while (good && out->count < MaxLabels) {
    label *next = &out->labels[out->count];
    int fields = fscanf(file, "label %63s %lf %63s %63s\n", next->name, &next->threshold, next->shown, next->below);
    if (fields == EOF)
      break;
    good = fields == 4;
    out->count += good;
  }
  fclose(file);
  return good && out->count > 0 ? 0 : fail(path, "found a malformed line, expected 'window' then 'label' lines");
}

static int isSpace(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
static int isUtf8(const unsigned char *bytes, size_t size) {
  for (size_t i = 0; i < size;) {
    unsigned char lead = bytes[i++];
    int more = lead < 0x80 ? 0 : lead < 0xC2 ? -1 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : -1;
    if (more < 0 || size - i < (size_t)more)
      return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (int k = 0; k < more; ++k, ++i, low = 0x80, high = 0xBF)
      if (bytes[i] < low || bytes[i] > high)
        return 0;
  }
  return 1;
}

/* The first and the last `block` bytes of a file (they overlap in a small one). */
typedef struct {
  unsigned char head[MaxWindow], tail[MaxWindow];
  size_t read;
  long size;
} content;

static int readContent(const char *path, int block, content *out) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return fail(path, "cannot be opened");
  int good = fseek(file, 0, SEEK_END) == 0 && (out->size = ftell(file)) >= 0;
  if (good) {
    out->read = out->size < block ? (size_t)out->size : (size_t)block;
    good = fseek(file, 0, SEEK_SET) == 0 && fread(out->head, 1, out->read, file) == out->read &&
           fseek(file, out->size - (long)out->read, SEEK_SET) == 0 && fread(out->tail, 1, out->read, file) == out->read;
  }
  fclose(file);
  return good ? 0 : fail(path, "cannot be read");
}

/* Fills the model's window: stripped head padded at its end, stripped tail padded at its start. Returns how many bytes
 * of the head there are. */
static int fillWindow(const config *conf, const content *bytes, int32_t *window) {
  size_t start = 0, stop = bytes->read;
  while (start < bytes->read && isSpace(bytes->head[start]))
    ++start;
  while (stop > 0 && isSpace(bytes->tail[stop - 1]))
    --stop;
  int head = (int)(bytes->read - start) < conf->begin ? (int)(bytes->read - start) : conf->begin;
  int tail = (int)stop < conf->end ? (int)stop : conf->end;
  for (int i = 0; i < conf->begin; ++i)
    window[i] = i < head ? bytes->head[start + (size_t)i] : conf->padding;
  for (int i = 0; i < conf->end; ++i) {
    int at = i - (conf->end - tail);
    window[conf->begin + i] = at < 0 ? conf->padding : bytes->tail[stop - (size_t)tail + (size_t)at];
  }
  return head;
}

/* Prints the label and the score of one file. */
static int identify(tensel_session *session, const config *conf, const char *path) {
  static content bytes;
  static int32_t window[MaxWindow];
  if (readContent(path, conf->block, &bytes))
    return 1;
  if (bytes.size == 0) {
    printf("%s: empty 1.000\n", path);
    return 0;
  }
  if (bytes.size < conf->smallest || fillWindow(conf, &bytes, window) < conf->smallest) {
    printf("%s: %s 1.000\n", path, isUtf8(bytes.head, bytes.read) ? "txt" : "unknown");
    return 0;
  }
  int64_t dims[2] = {1, conf->begin + conf->end};
  const void *data;
  const int64_t *found;
  int32_t rank;
  if (tensel_session_set_input(session, 0, window, TENSEL_I32, dims, 2) != TENSEL_OK ||
      tensel_session_run(session) != TENSEL_OK || tensel_session_output(session, 0, &data, &found, &rank) != TENSEL_OK)
    return fail(path, tensel_session_message(session));
  if (rank != 2 || found[0] != 1 || found[1] != conf->count)
    return fail(path, "the model's output does not fit the labels file");
  const float *scores = data;
  int best = 0;
  for (int i = 1; i < conf->count; ++i)
    if (scores[i] > scores[best])
      best = i;
  const label *kind = &conf->labels[best];
  printf("%s: %s %.3f\n", path, (double)scores[best] >= kind->threshold ? kind->shown : kind->below, (double)scores[best]);
  return 0;
}

/* A session for one file at a time: every symbol of the model gets its smallest value. */
static tensel_status_t openSession(const tensel_model *model, tensel_session **session, tensel_error_t *error) {
  tensel_symbol_limit limits[MaxSymbols];
  int32_t count = tensel_model_symbol_count(model);
  count = count < MaxSymbols ? count : MaxSymbols;
  for (int32_t i = 0; i < count; ++i) {
    tensel_symbol_info info;
    tensel_status_t status = tensel_model_symbol(model, i, &info);
    if (status != TENSEL_OK)
      return status;
    limits[i].symbol = info.name;
    limits[i].max = info.min > 1 ? info.min : 1;
  }
  tensel_session_options options = {.threads = 1, .profile = 0, .limits = limits, .limit_count = (size_t)count};
  return tensel_session_create(model, 0, &options, session, error);
}

int main(int argc, char **argv) {
  static config conf;
  tensel_model *model = NULL;
  tensel_session *session = NULL;
  tensel_error_t error = {{0}};
  if (argc < 4) {
    fprintf(stderr, "usage: identify_files MODEL.tensel LABELS FILE...\n");
    return 1;
  }
  if (readConfig(argv[2], &conf))
    return 1;
  if (tensel_model_load_file(argv[1], &model, &error) != TENSEL_OK)
    return fail(argv[1], error.message);
  int failed = 0;
  if (openSession(model, &session, &error) != TENSEL_OK)
    failed = fail(argv[1], error.message);
  for (int i = 3; i < argc && session; ++i)
    failed |= identify(session, &conf, argv[i]);
  tensel_session_destroy(session);
  tensel_model_destroy(model);
  return failed;
}
