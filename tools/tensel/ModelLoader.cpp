// Importing models for the command line.
#include "tools/tensel/ModelLoader.h"

#include "compiler/Diagnostics.h"
#include "dialects/graph/Graph.h"
#include "frontend/llm/Import.h"
#include "frontend/onnx/import/Import.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "tools/tensel/Inputs.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <set>

namespace tensel::cli {
namespace {
bool endsWith(const std::string &text, const std::string &ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

llvm::Error problem(const std::string &path, const std::string &what) {
  return llvm::createStringError(what.find(path) == std::string::npos ? "'" + path + "': " + what : what);
}
} // namespace

std::vector<std::string> modelFiles(const std::string &model) {
  if (!llvm::sys::fs::is_directory(model))
    return {model};
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(model, error), end; it != end && !error; it.increment(error))
    if (llvm::StringRef path = it->path(); path.ends_with(".json") || path.ends_with(".safetensors") || path.ends_with(".jinja"))
      files.push_back(path.str());
  std::sort(files.begin(), files.end());
  return files;
}

LoadedModel::LoadedModel() : context(compilerRegistry()) { context.loadAllAvailableDialects(); }

llvm::Expected<std::unique_ptr<LoadedModel>> loadModel(const std::string &path, const LoadOptions &wanted) {
  auto model = std::make_unique<LoadedModel>();
  std::vector<SymbolRange> ranges;
  for (const std::string &text : wanted.shapes) {
    ShapeRange range;
    if (std::string error = parseShapeRange(text, range); !error.empty())
      return llvm::createStringError(error);
    ranges.push_back({range.symbol, range.min, range.max});
  }
  {
    DiagnosticCollector diagnostics(&model->context);
    if (endsWith(path, ".mlir")) {
      model->module = mlir::parseSourceFile<mlir::ModuleOp>(path, mlir::ParserConfig(&model->context));
    } else if (llm::isLlm(path)) {
      llm::ImportOptions options;
      options.score = wanted.score;
      options.nodes = &model->nodes;
      model->module = llm::importLlm(model->context, path, options);
      std::string error;
      if (model->module && !llm::readTextAssets(path, model->texts, error))
        return problem(path, error);
    } else {
      onnx::ImportOptions options;
      options.inputValues = wanted.integers;
      options.nodes = &model->nodes;
      model->module = onnx::importOnnx(model->context, path, options);
    }
    if (!model->module)
      return problem(path, diagnostics.message().empty() ? "not a model" : diagnostics.message());
    if (failed(mlir::verify(*model->module)))
      return problem(path, diagnostics.message());
  }
  if (llvm::Error error = setSymbolRanges(*model->module, ranges))
    return std::move(error);
  const std::vector<std::string> own = modelFiles(path);
  std::set<std::string> files(own.begin(), own.end());
  for (auto weight : model->module->getOps<graph::WeightOp>())
    if (std::optional<llvm::StringRef> file = weight.getFile())
      files.insert(file->str());
  model->files.assign(files.begin(), files.end());
  return std::move(model);
}

void addTexts(rt::PackageWriter &writer, const LoadedModel &model) {
  for (auto &[name, text] : {std::pair<const char *, const std::string &>("text.tokenizer", model.texts.tokenizer),
                             {"text.chat_template", model.texts.chatTemplate},
                             {"text.settings", model.texts.settings}}) {
    if (text.empty())
      continue;
    rt::WeightData data;
    data.name = name;
    data.elemType = TENSEL_U8;
    data.dims = {static_cast<int64_t>(text.size())};
    writer.addWeight(std::move(data), text.data(), text.size());
  }
}
} // namespace tensel::cli
