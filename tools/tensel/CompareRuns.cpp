// Running a side; see CompareRuns.h.
#include "tools/tensel/CompareRuns.h"

#include "OnnxruntimeBridge.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/GivenValues.h"
#include "tools/tensel/Npy.h"
#include "tools/tensel/ReferenceRunner.h"
#include "tools/verify/CompiledRun.h"
#include "tools/verify/Reproducer.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

namespace tensel::cli {
namespace {
using verification::Trace;

/// A folder that goes with this object.
class Scratch {
public:
  Scratch() { failed = llvm::sys::fs::createUniqueDirectory("tensel-compare", folder); }
  ~Scratch() {
    if (!failed)
      (void)llvm::sys::fs::remove_directories(folder);
  }
  std::string file(const std::string &name) const { return (folder + "/" + name).str(); }
  std::error_code failed;

private:
  llvm::SmallString<128> folder;
};

llvm::Expected<Trace> runPackage(const Side &side, const CompareCommand &options) {
  RunOptions how;
  how.model = side.file;
  how.function = options.function;
  std::string error;
  InputSet inputs;
  std::vector<HostTensor> tensors, results;
  if (error = inputs.parse(options.inputs, options.shapes); !error.empty())
    return llvm::createStringError(error);
  std::unique_ptr<Runner> runner = makeRunner(how, inputs.known(), error);
  if (error.empty())
    error = inputs.make(runner->inputs, runner->fixedSizes, tensors);
  if (error.empty())
    error = runner->prepare(tensors);
  if (error.empty())
    error = runner->run();
  if (error.empty())
    error = runner->results(results);
  if (!error.empty())
    return llvm::createStringError(error);
  Trace trace;
  for (auto [signature, result] : llvm::zip_equal(runner->outputs, results))
    trace.push_back({"output '" + signature.name + "'", toReference(result)});
  return trace;
}

/// Runs the bridge in the Python that is first on PATH (or TENSEL_PYTHON names).
llvm::Expected<Trace> runOnnxruntime(const Side &side, llvm::ArrayRef<reference::Tensor> inputs,
                                     llvm::ArrayRef<Signature> signatures) {
  const char *named = getenv("TENSEL_PYTHON");
  auto python = llvm::sys::findProgramByName(named ? named : "python3");
  if (!python)
    return llvm::createStringError("--with=onnxruntime: found no '" + std::string(named ? named : "python3") + "' on PATH");
  Scratch scratch;
  if (scratch.failed)
    return llvm::createStringError("cannot make a folder for temporary files: " + scratch.failed.message());
  std::string script = scratch.file("bridge.py"), said = scratch.file("said");
  if (std::string error = writeFile(script, {onnxruntimeBridge}); !error.empty())
    return llvm::createStringError(error);
  std::vector<std::string> words = {*python, script, side.file, scratch.file("")};
  if (llvm::Error error = writeTensors(scratch.file(""), "input", inputs))
    return std::move(error);
  for (auto [k, signature] : llvm::enumerate(signatures))
    words.push_back(signature.name + "=" + scratch.file("input-" + std::to_string(k) + ".npy"));
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), std::nullopt, llvm::StringRef(said)};
  std::string problem, text;
  int status = llvm::sys::ExecuteAndWait(*python, llvm::map_to_vector(words, [](auto &word) { return llvm::StringRef(word); }),
                                         std::nullopt, redirects, 0, 0, &problem);
  if (status != 0) {
    (void)readFile(said, text);
    llvm::StringRef last = llvm::StringRef(text).rtrim().rsplit('\n').second;
    return llvm::createStringError("--with=onnxruntime: " + (!problem.empty() ? problem
                                                             : last.empty()   ? llvm::StringRef(text).rtrim().str()
                                                                              : last.str()));
  }
  if (std::string error = readFile(scratch.file("index"), text); !error.empty())
    return llvm::createStringError(error);
  Trace trace;
  for (llvm::StringRef line : llvm::split(llvm::StringRef(text).rtrim(), '\n')) {
    auto [node, file] = line.rsplit('\t');
    HostTensor tensor;
    if (std::string error = readNpy(scratch.file(file.str()), tensor); !error.empty())
      return llvm::createStringError(error);
    trace.push_back({node.str(), toReference(tensor)});
  }
  return trace;
}

llvm::Expected<Trace> runModel(const Side &side, const CompareCommand &options) {
  InputSet inputs;
  if (std::string error = inputs.parse(options.inputs, options.shapes); !error.empty())
    return llvm::createStringError(error);
  auto loaded = loadModel(side.file, {options.shapes, integerValues(inputs.known())});
  if (!loaded)
    return loaded.takeError();
  mlir::ModuleOp module = *(*loaded)->module;
  llvm::Expected<mlir::func::FuncOp> function = findFunction(module, options.function);
  if (!function)
    return function.takeError();
  if (side.device == "cpu")
    fixDecisiveInputs(module, inputs.known()); // before their tensors are taken
  std::vector<HostTensor> tensors;
  std::vector<Signature> signatures = inputsOf(*function);
  if (std::string error = inputs.make(signatures, fixedSizesOf(module), tensors); !error.empty())
    return llvm::createStringError(error);
  llvm::SmallVector<reference::Tensor> values = llvm::map_to_vector(tensors, toReference);
  if (side.device == "onnxruntime")
    return runOnnxruntime(side, values, signatures);
  if (side.device != "cpu")
    return verification::traceReference(*function, values, side.device == "f64");
  std::string name = function->getName().str();
  std::vector<std::string> nodes = verification::returnNodeValues(*function);
  auto results = runCompiled(module, name, values, roundedBits(side.quantize));
  if (!results)
    return results.takeError();
  Trace trace;
  // Outputs come last.
  size_t outputs = llvm::count_if(nodes, [](const std::string &node) { return llvm::StringRef(node).starts_with("output "); });
  for (size_t k = 0; k < nodes.size(); ++k) {
    size_t at = (k + outputs) % nodes.size();
    trace.push_back({nodes[at], (*results)[at]});
  }
  return trace;
}
} // namespace

std::string Side::title() const {
  if (device == "onnxruntime")
    return "onnxruntime";
  return file + " (" + device + (device == "cpu" && quantize != roundedTo16 ? ", " + quantize : "") + ")";
}

llvm::Expected<Trace> runSide(const Side &side, const CompareCommand &options) {
  bool isPackage = false;
  if (std::string error = detectPackage(side.file, isPackage); !error.empty())
    return llvm::createStringError(error);
  if (!isPackage)
    return runModel(side, options);
  if (side.device != "cpu")
    return llvm::createStringError("'" + side.file + "': found a package, expected a model for --device=" + side.device);
  return runPackage(side, options);
}
} // namespace tensel::cli
