// Writes packages: the compiler adds what it has, then asks for a file or for bytes. Weight bytes are only referred to
// until then and streamed through a small buffer, so that a large weight is never held twice. The same additions give
// the same bytes. What is written passes the runtime's verifier, or write() says what is wrong.
#ifndef TENSEL_RUNTIME_PACKAGE_PACKAGEWRITER_H
#define TENSEL_RUNTIME_PACKAGE_PACKAGEWRITER_H

#include "runtime/package/PackageData.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tensel::rt {

/// Takes the next bytes of a weight.
using ByteSink = std::function<void(const void *data, size_t size)>;
/// Gives all bytes of a weight to the sink. Returns an empty string, or what went wrong. May be called several times.
using ByteSource = std::function<std::string(const ByteSink &)>;

class PackageWriter {
public:
  /// Version, passes, options, inputHashes and kernels are filled in directly; the rest by the functions below.
  PackageData data;

  /// All return the index. Symbols come before the functions that use them.
  int32_t addSymbol(SymbolData symbol);
  /// Computes peakBytes from the planned values at the declared maxima.
  int32_t addFunction(FunctionData function);
  /// The bytes are borrowed until the last write.
  int32_t addWeight(WeightData weight, const void *bytes, uint64_t length);
  /// The source gives exactly `length` bytes.
  int32_t addWeight(WeightData weight, uint64_t length, ByteSource source);
  /// One image per CPU level, lowest level first; entries are in the order of functions.
  int32_t addCode(CodeData code);

  /// Writes to a temporary file beside `path`, syncs it and renames it. Returns an empty string or one line saying
  /// what failed; then no file is left behind and what was at `path` is untouched.
  std::string write(const std::string &path);
  /// The same bytes in memory. Without code: the blob for tensel_static_model.
  std::string serialize(std::vector<uint8_t> &bytes, bool withCode = true);

private:
  class Output;
  std::string emit(Output &out, bool withCode, PackageHeader &header);
  std::vector<ByteSource> weightSources;
};

} // namespace tensel::rt
#endif
