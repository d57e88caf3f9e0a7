// `tensel bisect`: who makes the model miss what is expected, and by which of its ops; see compiler/verification/Bisect.h.
#include "tools/tensel/Commands.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Bisect.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/GivenValues.h"
#include "tools/tensel/Npy.h"
#include "tools/tensel/ReferenceRunner.h"
#include "tools/verify/CompiledRun.h"
#include "tools/verify/Reproducer.h"
#include "llvm/Support/FormatVariadic.h"

namespace tensel::cli {
namespace {
using namespace verification;

class BisectJob {
public:
  explicit BisectJob(const BisectCommand &options) : options(options) {}

  llvm::Error run() {
    if (std::string error = read(); !error.empty())
      return llvm::createStringError(error);
    auto imported = loadModel(options.model, {options.shapes, integerValues(inputs.known())});
    if (!imported)
      return imported.takeError();
    loaded = std::move(*imported);
    // Cases run in processes of their own.
    loaded->context.disableMultithreading();
    if (llvm::Error error = makeCase())
      return error;
    BisectOptions how;
    how.tolerance = {options.rtol, options.atol};
    how.roundedBits = roundedBits(options.quantize);
    how.runCompiled = [&](const Case &one) {
      Case copy = one.clone();
      return runCompiled(*copy.module, one.function().getName(), one.inputs, how.roundedBits);
    };
    how.verifyCompiled = [&](const Case &one) {
      Case copy = one.clone();
      return verifyCompiled(*copy.module, {.given = givenBy(one)}, how.roundedBits);
    };
    llvm::Expected<Finding> finding = bisect(model, expectations, how);
    if (!finding)
      return finding.takeError();
    return tell(*finding);
  }

private:
  std::string read() {
    if (options.expects.empty())
      return "found no --expect, expected NAME=@FILE.npy for at least one output";
    if (std::string error = inputs.parse(options.inputs, options.shapes); !error.empty())
      return error;
    if (std::string error = parseNamedFiles(options.expects, "--expect", expectFiles); !error.empty())
      return error;
    return requireModel(options.model, "passes have run on a package already");
  }

  llvm::Error makeCase() {
    llvm::Expected<mlir::func::FuncOp> function = findFunction(*loaded->module, options.function);
    if (!function)
      return function.takeError();
    fixDecisiveInputs(*loaded->module, inputs.known()); // before their tensors are taken
    std::vector<Signature> outputs = outputsOf(*function);
    std::vector<HostTensor> tensors;
    if (std::string error = inputs.make(inputsOf(*function), fixedSizesOf(*loaded->module), tensors); !error.empty())
      return llvm::createStringError(error);
    for (const auto &[name, file] : expectFiles) {
      const Signature *output = findSignature(outputs, name);
      if (!output)
        return llvm::createStringError("--expect: found '" + name + "', expected one of " + quotedNames(outputs));
      HostTensor expected;
      if (std::string error = readNpy(file, expected); !error.empty())
        return llvm::createStringError("--expect: " + error);
      expected.readAs(output->type);
      expectations.push_back({static_cast<unsigned>(output - outputs.data()), toReference(expected)});
    }
    std::string name = function->getName().str();
    model.module = mlir::OwningOpRef<mlir::ModuleOp>(loaded->module->clone());
    for (const HostTensor &tensor : tensors)
      model.inputs.push_back(toReference(tensor));
    return keepFunction(model, name) ? llvm::Error::success()
                                     : llvm::createStringError("the function '" + name + "' cannot be taken out of the module");
  }

  llvm::Error tell(const Finding &finding) {
    switch (finding.kind) {
    case Finding::Holds:
      return llvm::createStringError("the compiled program meets the expectation: there is nothing to find");
    case Finding::ModelDiffers:
      print("no pass is guilty: the reference interpreter misses the expectation on the model as imported");
      print(finding.difference);
      print("see how far each node drifts from another runtime: tensel compare " + shellWord(options.model) +
            " --with=onnxruntime");
      return llvm::Error::success();
    case Finding::Pass:
      print(llvm::formatv("guilty: '{0}', the {1} of {2} passes on the graph that change something ({3})", finding.pass,
                          ordinal(finding.number), finding.passes,
                          finding.isFirst ? "the first after which the expectation is missed" : "found by halving"));
      break;
    case Finding::BelowGraph:
      print("guilty: a pass below the graph dialect (dispatches, kernels): after all " + std::to_string(finding.passes) +
            " passes on the graph that change something, the reference interpreter meets the expectation");
      print(finding.below.empty() ? "none breaks its promise on these inputs: what is missed is rounding that the passes may do"
                                  : finding.below);
      break;
    }
    print(finding.difference);
    if (!finding.broken) {
      print("by itself it moves no result by more than the tolerance: it adds to what passes before it did");
      return llvm::Error::success();
    }
    print(llvm::formatv("of {0} ops these are enough to show it:", model.countOps()));
    finding.broken->function().walk([&](mlir::Operation *op) {
      if (op == finding.broken->function() || op->hasTrait<mlir::OpTrait::IsTerminator>())
        return;
      std::string place = describeLocation(op->getLoc());
      print("  " + op->getName().getStringRef().str() + (place.empty() ? "" : " at " + place));
    });
    print(finding.brokenDifference);
    llvm::Expected<std::string> command = write(finding);
    if (!command)
      return command.takeError();
    print("to see it again: sh " + shellWord(options.reproducer + "/command.sh"));
    return llvm::Error::success();
  }

  static std::string ordinal(unsigned number) {
    const char *ending = number % 100 / 10 == 1 ? "th"
                         : number % 10 == 1     ? "st"
                         : number % 10 == 2     ? "nd"
                         : number % 10 == 3     ? "rd"
                                                : "th";
    return std::to_string(number) + ending;
  }

  static void print(const std::string &line) { std::printf("%s\n", line.c_str()); }

  llvm::Expected<std::string> write(const Finding &finding) {
    const std::string &folder = options.reproducer;
    if (llvm::Error error = writeTensors(folder, "input", finding.broken->inputs))
      return std::move(error);
    if (llvm::Error error = writeTensors(folder, "expected", finding.right))
      return std::move(error);
    mlir::func::FuncOp function = finding.broken->function();
    std::string text, command, module = shellWord(folder + "/before.mlir"), after = shellWord(folder + "/after.mlir");
    llvm::raw_string_ostream stream(text);
    finding.broken->module.get().print(stream, mlir::OpPrintingFlags().enableDebugInfo());
    if (finding.kind == Finding::Pass)
      command = "tensel-opt " + module + " --pass-pipeline=" + shellWord("builtin.module(" + finding.pass + ")") + " -o " +
                after + " && tensel run " + after + " --device=reference";
    else
      command = "tensel run " + module + " --quantize=" + options.quantize;
    auto add = [&](const std::string &flag, const std::string &name, const std::string &file) {
      command += flag + shellWord(name + "=@" + folder + "/" + file + ".npy");
    };
    for (unsigned k = 0; k < function.getNumArguments(); ++k)
      add(" --input ", nameOfArgument(function, k), "input-" + std::to_string(k));
    for (unsigned k = 0; k < function.getNumResults(); ++k)
      add(" --expect ", nameOfResult(function, k), "expected-" + std::to_string(k));
    command += llvm::formatv(" --rtol={0} --atol={1}", number(options.rtol), number(options.atol));
    if (llvm::Error error = writeCommand(folder, text, command))
      return std::move(error);
    return command;
  }

  static std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
  }

  const BisectCommand &options;
  InputSet inputs;
  std::map<std::string, std::string> expectFiles;
  std::unique_ptr<LoadedModel> loaded; // its context outlives the case
  Case model;
  std::vector<Expectation> expectations;
};
} // namespace

int bisectCommand(const BisectCommand &options) {
  llvm::Error error = BisectJob(options).run();
  return error ? fail(llvm::toString(std::move(error))) : done;
}
} // namespace tensel::cli
