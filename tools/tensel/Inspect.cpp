// `tensel inspect`: what a package says about itself, or what a model takes and gives.
#include "tools/tensel/Inspect.h"

#include "runtime/package/PackageReader.h"
#include "tools/tensel/Commands.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/HostTensor.h"
#include "tools/tensel/MemoryReport.h"
#include <cstdio>

namespace tensel::cli {
namespace {
using Json = nlohmann::ordered_json;

std::string hex(const std::array<uint8_t, 32> &bytes) {
  std::string text;
  for (uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string elemName(int32_t type) { return tensel_elem_type_name(static_cast<tensel_elem_type>(type)); }

Json describe(const rt::PackageData &data, const rt::TensorData &tensor) {
  Json dims = Json::array();
  for (const rt::DimData &dim : tensor.dims)
    if (dim.value >= 0)
      dims.push_back(dim.value);
    else
      dims.push_back(dim.symbol >= 0 ? data.symbols[static_cast<size_t>(dim.symbol)].name : "?");
  Json described = {{"name", tensor.name}, {"type", elemName(tensor.elemType)}, {"dims", std::move(dims)}};
  if (tensor.state >= 0)
    described["state"] = tensor.state;
  return described;
}

Json describe(const rt::PackageData &data, const std::vector<int64_t> &sizes, int threads) {
  Json functions = Json::array(), symbols = Json::array(), weights = Json::array(), code = Json::array(), kernels = Json::array(),
       hashes = Json::array();
  for (const rt::FunctionData &function : data.functions) {
    Json inputs = Json::array(), outputs = Json::array();
    for (const rt::TensorData &tensor : function.inputs)
      inputs.push_back(describe(data, tensor));
    for (const rt::TensorData &tensor : function.outputs)
      outputs.push_back(describe(data, tensor));
    functions.push_back({{"name", function.name},
                         {"inputs", std::move(inputs)},
                         {"outputs", std::move(outputs)},
                         {"peak_bytes", function.peakBytes},
                         {"memory", describeMemory(data, function, sizes, threads)},
                         {"planned_values", function.plannedValues.size()},
                         {"flops", function.flops}});
  }
  for (const rt::SymbolData &symbol : data.symbols)
    symbols.push_back({{"name", symbol.name}, {"min", symbol.min}, {"max", symbol.max}, {"step", symbol.step}});
  uint64_t weightBytes = 0;
  for (const rt::WeightData &weight : data.weights) {
    weightBytes += weight.length;
    weights.push_back({{"name", weight.name},
                       {"type", elemName(weight.elemType)},
                       {"dims", weight.dims},
                       {"bytes", weight.length},
                       {"source", weight.source}});
  }
  for (const rt::CodeData &object : data.code) {
    uint64_t bytes = 0;
    for (const rt::SegmentData &segment : object.image.segments)
      bytes += segment.size;
    Json imports = Json::array();
    for (const rt::ImportData &import : object.image.imports)
      imports.push_back(import.name);
    code.push_back({{"level", object.level}, {"bytes", bytes}, {"imports", std::move(imports)}});
  }
  for (const rt::KernelData &kernel : data.kernels)
    kernels.push_back({{"name", kernel.name}, {"nodes", kernel.sourceNodes}, {"flops", kernel.flops}, {"bytes", kernel.bytes}});
  for (const rt::InputHashData &hash : data.inputHashes)
    hashes.push_back({{"name", hash.name}, {"sha256", hex(hash.sha256)}});
  return {{"compiler", data.compilerVersion}, {"target", data.targetArch},     {"functions", std::move(functions)},
          {"symbols", std::move(symbols)},    {"weight_bytes", weightBytes},   {"weights", std::move(weights)},
          {"code", std::move(code)},          {"kernels", std::move(kernels)}, {"passes", data.passes},
          {"options", data.options},          {"inputs", std::move(hashes)},   {"kernel_stack_bytes", data.kernelStackBytes}};
}

std::string describeTensor(const Json &tensor) {
  std::string text = tensor["name"].get<std::string>() + ": ";
  for (const Json &dim : tensor["dims"])
    text += (dim.is_string() ? dim.get<std::string>() : dim.dump()) + "x";
  return text + tensor["type"].get<std::string>();
}

void printText(const Json &json) {
  std::printf("%s for %s\n", json["compiler"].get<std::string>().c_str(), json["target"].get<std::string>().c_str());
  for (const Json &function : json["functions"]) {
    std::printf("function %s\n", function["name"].get<std::string>().c_str());
    for (const Json &tensor : function["inputs"])
      std::printf("  %s  %s\n", tensor.contains("state") ? "state" : "input", describeTensor(tensor).c_str());
    for (const Json &tensor : function["outputs"])
      if (!tensor.contains("state")) // it is the state again
        std::printf("  output %s\n", describeTensor(tensor).c_str());
    std::fputs(memoryText(function["memory"]).c_str(), stdout);
  }
  for (const Json &symbol : json["symbols"]) {
    int64_t max = symbol["max"];
    std::printf("symbol %s: %s..%s step %s\n", symbol["name"].get<std::string>().c_str(), symbol["min"].dump().c_str(),
                max < 0 ? "" : std::to_string(max).c_str(), symbol["step"].dump().c_str());
  }
  std::printf("weights: %zu, %s bytes, mapped\n", json["weights"].size(), json["weight_bytes"].dump().c_str());
  for (const Json &code : json["code"])
    std::printf("code %s: %s bytes, %zu imports\n", code["level"].get<std::string>().c_str(), code["bytes"].dump().c_str(),
                code["imports"].size());
  std::printf("kernels: %zu\n", json["kernels"].size());
  for (const Json &kernel : json["kernels"]) {
    std::string nodes;
    for (const Json &node : kernel["nodes"])
      nodes += (nodes.empty() ? "" : ", ") + node.get<std::string>();
    std::printf("  %s: %s\n", kernel["name"].get<std::string>().c_str(), nodes.c_str());
  }
  for (const Json &input : json["inputs"])
    std::printf("made from %s, sha256 %s\n", input["name"].get<std::string>().c_str(),
                input["sha256"].get<std::string>().c_str());
}
} // namespace

int inspectCommand(const InspectOptions &options) {
  bool isPackage = false;
  std::string text, problem = detectPackage(options.file, isPackage);
  if (problem.empty() && isPackage) {
    rt::PackageData data;
    problem = rt::readPackage(options.file, data);
    std::vector<int64_t> sizes;
    if (problem.empty())
      problem = chooseSizes(data, options.shapes, sizes);
    if (problem.empty()) {
      Json json = describe(data, sizes, options.threads);
      if (options.json)
        std::printf("%s\n", json.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
      else
        printText(json);
    }
  } else if (problem.empty() && !options.shapes.empty()) {
    problem = "--shape: found the model '" + options.file + "', expected a package: it is what has a memory plan";
  } else if (problem.empty()) {
    problem = inspectModel(options.file, text);
    std::fputs(text.c_str(), stdout);
  }
  return problem.empty() ? done : fail(problem);
}
} // namespace tensel::cli
