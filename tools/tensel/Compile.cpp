// `tensel compile`: a model becomes a package, an object to link, or readable text of any stage.
#include "tools/tensel/Commands.h"

#include "compiler/PackageEmitter.h"
#include "compiler/StaticEmitter.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/Inputs.h"
#include "tools/tensel/ModelLoader.h"
#include "tools/tensel/ReportJob.h"
#include "tools/tensel/VerifyJob.h"
#include "llvm/Support/Path.h"

namespace tensel::cli {
namespace {
std::string ending(const std::string &emit) {
  if (emit == "package")
    return ".tensel";
  return emit == "obj" ? ".o" : emit == "header" ? ".h" : emit == "llvm" ? ".ll" : emit == "asm" ? ".s" : "." + emit;
}

/// "cpu" or "cpu:LEVEL".
llvm::Expected<llvm::SmallVector<const CpuLevel *>> parseTarget(llvm::StringRef target) {
  llvm::SmallVector<const CpuLevel *> levels;
  auto [device, name] = target.split(':');
  std::string known;
  for (const CpuLevel &level : cpuLevels()) {
    known += (known.empty() ? "cpu:" : ", cpu:") + level.name.str();
    if (name.empty())
      levels.push_back(&level);
  }
  if (!name.empty())
    levels.push_back(findCpuLevel(name));
  if (device != "cpu" || levels.back() == nullptr || target.ends_with(":"))
    return llvm::createStringError("--target: found '" + target + "', expected cpu or " + known);
  return levels;
}

std::string printModule(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  stream << "\n";
  return text;
}

class CompileJob {
public:
  explicit CompileJob(const CompileOptions &options) : options(options) {}

  llvm::Error run() {
    if (llvm::Error error = check())
      return error;
    if (std::string error = requireModel(options.model); !error.empty())
      return llvm::createStringError(error);
    llvm::Expected<std::unique_ptr<LoadedModel>> model = loadModel(options.model, {options.shapes, {}});
    if (!model)
      return model.takeError();
    if (options.emit == "header")
      return write(makeStaticHeader(staticModelName(options.model)));
    PhaseOptions phases;
    phases.stopAfter = options.stopAfter.empty() && options.emit == "mlir" ? "simplify" : options.stopAfter;
    phases.dumpAfter = options.dumpAfter;
    phases.roundedBits = roundedBits(options.quantize);
    phases.bitExact = options.bitExact;
    phases.dump = &llvm::errs();
    phases.maxMemory = maxMemory;
    VerifyJob verify(options.verify, {});
    ReportJob report(**model, options.reportJson);
    PassObservers observers({verify.observer(), report.observer()});
    phases.observer = observers.orNull();
    bool inKernels = phases.stopAfter == "kernel" || phases.stopAfter == "llvm";
    llvm::Expected<std::unique_ptr<Program>> program = Program::create(*(*model)->module, phases);
    if (!program)
      return verify.finish(program.takeError());
    if (!options.reportJson.empty())
      if (auto made = report.finish((*program)->module, phases, {options.model, options.quantize, options.shapes}); !made)
        return made.takeError();
    if (llvm::Error error = dumpCode(**program))
      return error;
    if (!phases.stopAfter.empty() || isText)
      if (llvm::Error error = verify.finish(llvm::Error::success()))
        return error;
    if (!phases.stopAfter.empty())
      return inKernels ? writeText(phases.stopAfter, **program) : write(printModule((*program)->module));
    if (options.emit == "llvm" || options.emit == "asm")
      return writeText(options.emit, **program);
    return writeCode(**program, **model, verify);
  }

private:
  llvm::Error check() {
    for (auto &[name, phase] : {std::pair("--stop-after", options.stopAfter), std::pair("--dump-after", options.dumpAfter)})
      if (!phase.empty() && !isPhase(phase)) {
        std::string known;
        for (llvm::StringRef known1 : phaseNames())
          known += (known.empty() ? "" : ", ") + known1.str();
        return llvm::createStringError(std::string(name) + ": found '" + phase + "', expected one of " + known);
      }
    llvm::Expected<llvm::SmallVector<const CpuLevel *>> parsed = parseTarget(options.target);
    if (!parsed)
      return parsed.takeError();
    levels = *parsed;
    if (!options.maxMemory.empty())
      if (std::string error = parseBytes(options.maxMemory, "--max-memory", maxMemory.emplace()); !error.empty())
        return llvm::createStringError(error);
    isEveryLevel = !llvm::StringRef(options.target).contains(':');
    isText = !options.stopAfter.empty() || options.emit == "mlir" || options.emit == "llvm" || options.emit == "asm";
    output = options.output;
    if (output.empty() && !isText)
      output = llvm::sys::path::stem(options.model).str() + ending(options.emit);
    if (!options.reportJson.empty())
      if (std::string error = checkOutputPath(options.reportJson); !error.empty())
        return llvm::createStringError(error);
    if (!output.empty() && output != "-")
      if (std::string error = checkOutputPath(output); !error.empty())
        return llvm::createStringError(error);
    return llvm::Error::success();
  }

  llvm::Expected<std::string> codeText(llvm::StringRef kind, Program &program) {
    const CpuLevel &level = *levels.back();
    if (kind == "kernel")
      return makeDialectText(program.module, *program.host, level);
    return makeCodeText(program.module, *program.host, level, kind == "asm" ? CodeKind::Assembly : CodeKind::LlvmIr);
  }

  llvm::Error writeText(llvm::StringRef kind, Program &program) {
    llvm::Expected<std::string> text = codeText(kind, program);
    return text ? write(*text) : text.takeError();
  }

  llvm::Error dumpCode(Program &program) {
    if (options.dumpAfter != "kernel" && options.dumpAfter != "llvm")
      return llvm::Error::success();
    if (!program.host)
      return llvm::Error::success();
    llvm::Expected<std::string> text = codeText(options.dumpAfter, program);
    if (!text)
      return text.takeError();
    llvm::errs() << *text;
    return llvm::Error::success();
  }

  llvm::Error writeCode(Program &program, LoadedModel &model, VerifyJob &verify) {
    for (const std::string &file : model.files)
      if (llvm::Error error = addInputHash(program.writer, file))
        return error;
    program.writer.data.options = {"target=" + options.target, "quantize=" + options.quantize};
    if (options.bitExact)
      program.writer.data.options.emplace_back("bit-exact");
    for (const std::string &shape : options.shapes)
      program.writer.data.options.push_back("shape=" + shape);
    if (maxMemory)
      program.writer.data.options.push_back("max-memory=" + std::to_string(*maxMemory));
    if (isEveryLevel)
      llvm::erase_if(levels, [&](const CpuLevel *level) { return !program.gainsFrom(*level); });
    if (llvm::Error error = program.makeCode(levels))
      return verify.finish(std::move(error));
    if (llvm::Error error = verify.finish(verify.checkCode(program)))
      return error;
    addTexts(program.writer, model);
    if (options.emit == "package") {
      if (llvm::Error error = addCode(program.writer, program.code))
        return ofOutput(std::move(error));
      std::string error = program.writer.write(output);
      return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
    }
    llvm::Expected<std::string> bytes =
        makeStaticObject(program, options.emit == "so" ? LinkKind::SharedObject : LinkKind::Relocatable,
                         staticModelName(options.model), llvm::sys::path::filename(output));
    return bytes ? write(*bytes) : ofOutput(bytes.takeError());
  }

  /// What went wrong with scratch files, under the name that the user knows.
  llvm::Error ofOutput(llvm::Error error) {
    return llvm::createStringError("cannot make '" + output + "': " + llvm::toString(std::move(error)));
  }

  llvm::Error write(llvm::StringRef text) {
    if (output.empty() || output == "-") {
      llvm::outs() << text;
      llvm::outs().flush();
      return llvm::Error::success();
    }
    std::string error = writeFile(output, {std::string_view(text.data(), text.size())});
    return error.empty() ? llvm::Error::success() : llvm::createStringError(error);
  }

  const CompileOptions &options;
  llvm::SmallVector<const CpuLevel *> levels;
  std::string output;
  std::optional<int64_t> maxMemory;
  bool isText = false, isEveryLevel = false;
};
} // namespace

int compileCommand(const CompileOptions &options) {
  llvm::Error error = CompileJob(options).run();
  return error ? fail(llvm::toString(std::move(error))) : done;
}
} // namespace tensel::cli
