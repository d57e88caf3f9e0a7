// Writing packages: sections are streamed and hashed in file order, then the metadata, then the header goes in front.
// The result is read back through the runtime's verifier before it gets its name.
#include "runtime/package/PackageWriter.h"
#include "runtime/package/AtomicFile.h"
#include "runtime/package/Metadata.h"
#include "runtime/package/SessionMemory.h"
#include "runtime/package/Sha256.h"
#include "runtime/src/MappedPackage.h"

#include <algorithm>
#include <cstring>

using namespace tensel::rt;

/// Where package bytes go, with the hash of the section in progress.
class PackageWriter::Output {
public:
  virtual ~Output() = default;
  void write(const void *bytes, uint64_t size) {
    sha.update(bytes, size);
    put(bytes, size);
    position += size;
  }
  void pad() {
    static const char zeros[packageAlignment] = {};
    write(zeros, alignPackageOffset(position) - position);
  }
  /// Why writing failed, empty as long as it did not.
  virtual std::string error() const { return {}; }

  Sha256 sha;
  uint64_t position = 0;

private:
  virtual void put(const void *bytes, uint64_t size) = 0;
};

namespace {

template <typename Base>
class FileOutput : public Base {
public:
  explicit FileOutput(AtomicFile &file) : file(file) {}
  std::string error() const override { return file.error(); }

private:
  void put(const void *bytes, uint64_t size) override { file.write(bytes, size); }
  AtomicFile &file;
};

template <typename Base>
class MemoryOutput : public Base {
public:
  explicit MemoryOutput(std::vector<uint8_t> &bytes) : bytes(bytes) {}

private:
  void put(const void *data, uint64_t size) override {
    auto *begin = static_cast<const uint8_t *>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  }
  std::vector<uint8_t> &bytes;
};

} // namespace

int32_t PackageWriter::addSymbol(SymbolData symbol) {
  data.symbols.push_back(std::move(symbol));
  return int32_t(data.symbols.size() - 1);
}

int32_t PackageWriter::addFunction(FunctionData function) {
  if (std::optional<FunctionPlan> plan = planFunction(function, declaredMaxima(data), compilerEffort)) {
    function.placingOrder = std::move(plan->order);
    function.peakBytes = plan->arenaBytes;
  }
  data.functions.push_back(std::move(function));
  return int32_t(data.functions.size() - 1);
}

int32_t PackageWriter::addWeight(WeightData weight, const void *bytes, uint64_t length) {
  return addWeight(std::move(weight), length, [bytes, length](const ByteSink &sink) {
    sink(bytes, length);
    return std::string();
  });
}

int32_t PackageWriter::addWeight(WeightData weight, uint64_t length, ByteSource source) {
  weight.length = length;
  data.weights.push_back(std::move(weight));
  weightSources.push_back(std::move(source));
  return int32_t(data.weights.size() - 1);
}

int32_t PackageWriter::addCode(CodeData code) {
  data.code.push_back(std::move(code));
  return int32_t(data.code.size() - 1);
}

/// Streams everything but the header, which is filled in for the caller to put in front.
std::string PackageWriter::emit(Output &out, bool withCode, PackageHeader &header) {
  data.sections.clear();
  memset(&header, 0, sizeof header);
  out.write(&header, sizeof header);

  auto beginSection = [&](SectionKind kind) {
    out.pad();
    out.sha = Sha256();
    data.sections.push_back({out.position, 0, kind, {}});
  };
  auto endSection = [&] {
    SectionData &section = data.sections.back();
    section.length = out.position - section.offset;
    out.sha.finish(section.sha256.data());
  };

  if (!data.weights.empty()) {
    beginSection(SectionKind::Weights);
    uint64_t begin = out.position;
    for (size_t i = 0; i < data.weights.size(); ++i) {
      WeightData &weight = data.weights[i];
      out.pad();
      uint64_t weightBegin = out.position;
      weight.section = 0;
      weight.offset = weightBegin - begin;
      std::string error = weightSources[i]([&](const void *bytes, size_t size) { out.write(bytes, size); });
      if (error.empty() && out.position - weightBegin != weight.length)
        error = "found " + std::to_string(out.position - weightBegin) + " bytes, expected " + std::to_string(weight.length);
      if (!error.empty())
        return "weight '" + weight.name + "': " + error;
      if (error = out.error(); !error.empty())
        return error;
    }
    endSection();
  }
  if (withCode)
    for (CodeData &code : data.code) {
      beginSection(SectionKind::Code);
      code.section = int32_t(data.sections.size() - 1);
      out.write(code.image.bytes.data(), code.image.bytes.size());
      endSection();
    }

  out.pad();
  std::vector<uint8_t> metadata = buildMetadata(data, withCode);
  memcpy(header.magic, packageMagic, sizeof packageMagic);
  header.version = packageFormatVersion;
  header.headerBytes = sizeof header;
  header.fbOffset = out.position;
  header.fbSize = metadata.size();
  header.fileSize = out.position + metadata.size();
  Sha256::hash(metadata.data(), metadata.size(), header.fbSha256);
  out.write(metadata.data(), metadata.size());
  return out.error();
}

std::string PackageWriter::write(const std::string &path) {
  AtomicFile file(path);
  FileOutput<Output> out(file);
  PackageHeader header;
  std::string error = file.error();
  if (error.empty())
    error = emit(out, true, header);
  if (error.empty())
    error = file.finish(&header, sizeof header);
  if (!error.empty())
    return error;
  // The runtime has the last word on what a package is.
  MappedPackage package;
  Error loadError;
  if (package.openFile(file.temporaryPath().c_str(), Hashes::Skip, loadError) != TENSEL_OK)
    return std::string("internal error: the package is not valid: ") + loadError.message;
  return file.commit();
}

std::string PackageWriter::serialize(std::vector<uint8_t> &bytes, bool withCode) {
  bytes.clear();
  MemoryOutput<Output> out(bytes);
  PackageHeader header;
  std::string error = emit(out, withCode, header);
  if (error.empty())
    memcpy(bytes.data(), &header, sizeof header);
  return error;
}
