// The package that most runtime tests use: Inputs/sample_program.c with signatures, symbols and weights.
#ifndef TENSEL_TESTS_RUNTIME_SAMPLE_H
#define TENSEL_TESTS_RUNTIME_SAMPLE_H

#include "runtime/package/ImageBuilder.h"
#include "runtime/package/PackageWriter.h"
#include "tensel/runtime.h"

#include <string>
#include <vector>

namespace tensel::rt::test {

std::vector<uint8_t> readFile(const std::string &path);
/// The linked Inputs/sample_program.c.
std::vector<uint8_t> sampleSharedObject();
/// `scale_add`: x, y: f32[N,4], N in 2..64 step 2 -> f32[N,4]; `misbehave`: i64[] -> f32[2]; `accumulate`: x: f32[4],
/// the state total: f32[4] -> its next value. `maxRows` -1: unbounded.
PackageWriter sampleWriter(int64_t maxRows = 64);
std::vector<uint8_t> samplePackage(int64_t maxRows = 64);

/// A copy at a 64-byte boundary.
class Aligned {
public:
  explicit Aligned(const std::vector<uint8_t> &bytes);
  ~Aligned();
  Aligned(const Aligned &) = delete;
  Aligned &operator=(const Aligned &) = delete;
  uint8_t *data() { return memory; }
  size_t size() const { return count; }

private:
  uint8_t *memory;
  size_t count;
};

/// Loads the bytes, expects that to work, destroys at the end.
class LoadedModel {
public:
  explicit LoadedModel(const std::vector<uint8_t> &bytes);
  ~LoadedModel() { tensel_model_destroy(model); }
  LoadedModel(const LoadedModel &) = delete;
  LoadedModel &operator=(const LoadedModel &) = delete;
  operator tensel_model *() { return model; }

private:
  Aligned bytes;
  tensel_model *model = nullptr;
};

} // namespace tensel::rt::test
#endif
