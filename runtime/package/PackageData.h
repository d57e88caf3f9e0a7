// What a package says, as plain C++: filled by the compiler for PackageWriter, given back by readPackage to tools that
// inspect packages. Field by field the same as include/tensel/package.fbs; element types are tensel_elem_type values.
#ifndef TENSEL_RUNTIME_PACKAGE_PACKAGEDATA_H
#define TENSEL_RUNTIME_PACKAGE_PACKAGEDATA_H

#include "runtime/package/Format.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tensel::rt {

struct DimData {
  int64_t value = -1; ///< -1: symbol, or not known when that is -1 too
  int32_t symbol = -1;
};

struct TensorData {
  std::string name;
  int32_t elemType = 0;
  std::vector<DimData> dims;
  int32_t state = -1; ///< of an input that is a state: the output that is its next value; and back
};

struct PlannedValueData {
  std::vector<int64_t> sizeExpr; ///< see SizeExpr.h
  int32_t first = 0, last = 0;   ///< inclusive
  std::string name;
};

/// A call of a kernel. Costs are size expressions for the symbols' values in a run; empty: not known.
struct DispatchData {
  int32_t kernel = -1;
  std::vector<int32_t> nodes; ///< indices into PackageData::nodes
  std::vector<int64_t> flops, bytesRead, bytesWritten;
};

struct FunctionData {
  std::string name;
  std::string entrySymbol;
  std::vector<TensorData> inputs, outputs;
  std::vector<PlannedValueData> plannedValues;
  int64_t peakBytes = -1; ///< computed by PackageWriter::addFunction
  int64_t flops = -1;
  std::vector<std::string> places;
  std::vector<DispatchData> dispatches;    ///< by the numbers that the program gives tensel_host_env::dispatch
  std::vector<uint32_t> placingOrder = {}; ///< of the planned values, or empty; computed by PackageWriter::addFunction
};

struct SymbolData {
  std::string name;
  int64_t min = 1, max = -1, step = 1;
};

struct WeightData {
  std::string name;
  int32_t elemType = 0;
  std::vector<int64_t> dims;
  std::string source;
  int32_t section = -1;            ///< set by the writer
  uint64_t offset = 0, length = 0; ///< set by the writer
};

struct SegmentData {
  uint64_t offset = 0, size = 0, fileSize = 0;
  uint32_t prot = 0;
};

struct ImportData {
  std::string name;
  std::vector<uint32_t> slots;
};

/// A flat image as ImageBuilder makes it.
struct ImageData {
  std::vector<uint8_t> bytes;
  std::vector<SegmentData> segments;
  std::vector<uint32_t> relativeRelocs;
  std::vector<ImportData> imports;
};

struct CodeData {
  std::string level;             ///< "x86-64-v3"
  ImageData image;               ///< readPackage leaves image.bytes empty
  std::vector<uint32_t> entries; ///< per function: offset in the image
  int32_t section = -1;          ///< set by the writer
};

struct KernelData {
  std::string name;
  std::vector<std::string> sourceNodes;
  int64_t flops = -1, bytes = -1;
};

struct InputHashData {
  std::string name;
  std::array<uint8_t, 32> sha256{};
};

struct SectionData {
  uint64_t offset = 0, length = 0;
  SectionKind kind = SectionKind::Weights;
  std::array<uint8_t, 32> sha256{};
};

struct PackageData {
  std::string compilerVersion;
  std::string targetArch = "x86_64";
  std::vector<FunctionData> functions;
  std::vector<SymbolData> symbols;
  std::vector<WeightData> weights;
  std::vector<CodeData> code;
  std::vector<SectionData> sections;
  std::vector<KernelData> kernels;
  std::vector<std::string> passes;
  std::vector<InputHashData> inputHashes;
  std::vector<std::string> options;
  std::vector<std::string> nodes; ///< names of source nodes that dispatches compute
  int64_t kernelStackBytes = 0;   ///< of a thread, that kernels take at most, at any level
};

} // namespace tensel::rt
#endif
