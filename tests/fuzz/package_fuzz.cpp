// libFuzzer over the package reader: whatever the bytes, loading gives a model or one clean error. To get past the
// hashes, the header's is made right and the sections' are not looked at. Models that load also get a session, which
// evaluates size expressions and plans the arena; their code is mapped but never run.
//
// tests/fuzz/corpus/package holds seeds from `TENSEL_WRITE_SEED=FILE tensel-runtime-test --gtest_filter=Seed.*`.
#include "runtime/package/Format.h"
#include "runtime/package/Sha256.h"
#include "runtime/src/Model.h"

#include <cstdlib>
#include <cstring>

using namespace tensel::rt;

static void makeSessions(const tensel_model &model) {
  for (int32_t f = 0; f < tensel_model_function_count(&model) && f < 4; ++f) {
    tensel_symbol_info symbol = {};
    tensel_symbol_limit limit = {};
    if (tensel_model_symbol(&model, 0, &symbol) == TENSEL_OK)
      limit = {symbol.name, symbol.max < 0 ? symbol.min + 10 * symbol.step : symbol.max};
    tensel_session_options options = {1, 1, &limit, limit.symbol ? size_t(1) : 0, 16};
    tensel_session *session;
    tensel_error_t error;
    if (tensel_session_create(&model, f, &options, &session, &error) != TENSEL_OK && !error.message[0])
      abort();
    tensel_session_destroy(session);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  tensel_model *untouched = nullptr;
  if (tensel_model_load_memory(data, size, &untouched, nullptr) == TENSEL_OK)
    tensel_model_destroy(untouched);
  if (size < sizeof(PackageHeader))
    return 0;
  // Memory that is not aligned would be copied to pages, which have no redzone.
  void *bytes = nullptr;
  if (posix_memalign(&bytes, packageAlignment, size) != 0)
    return 0;
  auto *begin = static_cast<uint8_t *>(bytes);
  memcpy(begin, data, size);
  auto *header = static_cast<PackageHeader *>(bytes);
  memcpy(header->magic, packageMagic, sizeof packageMagic);
  header->version = packageFormatVersion;
  header->headerBytes = sizeof *header;
  header->fileSize = size;
  memset(header->zero, 0, sizeof header->zero);
  header->fbOffset = header->fbOffset % size / packageAlignment * packageAlignment;
  header->fbSize = size - header->fbOffset;
  Sha256::hash(begin + header->fbOffset, header->fbSize, header->fbSha256);
  {
    tensel_model model;
    Error error;
    if (model.loadMemory(begin, size, error, Hashes::Skip) == TENSEL_OK)
      makeSessions(model);
    else if (!error.message[0])
      abort();
  }
  free(bytes);
  return 0;
}
