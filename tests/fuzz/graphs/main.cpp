// tensel-fuzz-graphs: random graphs through the reference interpreter and through compiled code. Prints each difference with the
// smallest graph that shows it, and at the end one line of numbers; status 1 when a graph differs.
//   tensel-fuzz-graphs --seed=20240501 --seconds=60          graphs of the seeds from there on
//   tensel-fuzz-graphs --seed=7 --count=1 --print            one graph, shown
//   tensel-fuzz-graphs --coverage --count=5000               the ops that 5000 graphs do not have
//   tensel-fuzz-graphs tests/fuzz/graphs/fixed/*.mlir        kept graphs; their first lines give the inputs, and may give results
#include "compiler/Pipeline.h"
#include "compiler/verification/Reduce.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "tests/fuzz/graphs/Compiled.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>
#include <map>

using namespace mlir;
using namespace tensel;
using namespace tensel::fuzz;

static llvm::cl::list<std::string> files(llvm::cl::Positional, llvm::cl::desc("kept graphs"));
static llvm::cl::opt<uint64_t> seed("seed", llvm::cl::desc("of the first graph"), llvm::cl::init(1));
static llvm::cl::opt<unsigned> seconds("seconds", llvm::cl::desc("how long to go on"), llvm::cl::init(10));
static llvm::cl::opt<unsigned> count("count", llvm::cl::desc("how many graphs at most (0: any number)"), llvm::cl::init(0));
static llvm::cl::opt<std::string> level("level", llvm::cl::desc("CPU level; default: one by the seed, all for kept graphs"));
static llvm::cl::opt<bool> byTurns("by-turns", llvm::cl::desc("kept graphs at one CPU level each, by turns"));
static llvm::cl::opt<bool> show("print", llvm::cl::desc("print every graph"));
static llvm::cl::opt<bool> coverage("coverage", llvm::cl::desc("make the graphs only, and name the ops that none of them has"));
static llvm::cl::opt<bool> noShrink("no-shrink", llvm::cl::desc("leave graphs that differ as they are"));

namespace {
struct Totals {
  std::map<Verdict::Kind, int64_t> graphs;
  int64_t ops = 0, compared = 0, undecided = 0;
};

size_t usableLevels() { return hostCpuLevel() - cpuLevels().begin() + 1; }

const CpuLevel &chooseLevel(uint64_t number) {
  if (!level.empty())
    if (const CpuLevel *known = findCpuLevel(level))
      return *known;
  return cpuLevels()[number % usableLevels()];
}

void report(llvm::StringRef name, const verification::Case &graph, const Way &way, const CpuLevel &on, const Verdict &verdict) {
  llvm::outs() << "--- " << name << " on " << on.name << ": " << nameOf(verdict.kind) << ": " << verdict.message << "\n";
  printGraph(graph, way, llvm::outs());
  llvm::outs().flush();
}

/// Whether two messages begin alike: types and numbers in them may differ.
bool sameWords(llvm::StringRef a, llvm::StringRef b) { return a.take_front(20) == b.take_front(20); }

/// Whether the graph is compiled to what the reference says.
bool check(llvm::StringRef name, const Graph &graph, const CpuLevel &on, Totals &totals) {
  Verdict verdict = compileAndCompare(graph, graph.way, on, graph.elsewhere);
  ++totals.graphs[verdict.kind];
  totals.compared += verdict.compared;
  totals.undecided += verdict.undecided;
  graph.function().walk([&](Operation *) { ++totals.ops; });
  if (verdict.kind == Verdict::same || verdict.kind == Verdict::notEvaluated)
    return true;
  if (noShrink || verdict.kind == Verdict::disputed) {
    report(name, graph, graph.way, on, verdict);
    return false;
  }
  // All passes or as many as possible first.
  Way way = graph.way;
  auto stays = [&](const verification::Case &part, const Way &how) {
    Verdict found = compileAndCompare(part, how, on);
    return found.kind == verdict.kind && (verdict.kind == Verdict::differs || sameWords(found.message, verdict.message));
  };
  for (int bit = -1; bit < 64 && way.skipped; ++bit) {
    uint64_t fewer = bit < 0 ? 0 : way.skipped & ~(uint64_t(1) << bit);
    if (fewer != way.skipped && stays(graph, {fewer, way.means}))
      way.skipped = fewer;
  }
  if (way.means && stays(graph, {way.skipped, 0}))
    way.means = 0;
  verification::Case small = verification::reduce(graph, [&](const verification::Case &part) { return stays(part, way); });
  report(name, small, way, on, compileAndCompare(small, way, on));
  return false;
}

/// The ops of the dialect that are not in `made`.
void printNeverMade(MLIRContext &context, const llvm::StringSet<> &made) {
  llvm::outs() << "never made:";
  for (RegisteredOperationName op : context.getRegisteredOperations())
    if (op.getDialectNamespace() == graph::GraphDialect::getDialectNamespace() && !made.contains(op.getStringRef()))
      llvm::outs() << " " << op.getStringRef();
  llvm::outs() << "\n";
}

/// "INPUT 0 f32 2 3 : 0000803F..." as a tensor; elements that are not given are 0.
std::optional<reference::Tensor> readTensor(llvm::StringRef line, Type type) {
  auto [head, data] = line.split(':');
  llvm::SmallVector<llvm::StringRef> words;
  head.trim().split(words, ' ');
  llvm::SmallVector<int64_t> dims(words.size() < 3 ? 0 : words.size() - 3);
  for (auto [dim, word] : llvm::zip_equal(dims, llvm::ArrayRef(words).take_back(dims.size())))
    if (word.getAsInteger(10, dim))
      return std::nullopt;
  auto tensorType = dyn_cast<RankedTensorType>(type);
  auto kind = tensorType ? reference::kindOf(tensorType.getElementType()) : std::nullopt;
  std::string bytes;
  if (!kind || !reference::Tensor::countOf(dims) || !llvm::tryGetFromHex(data.trim(), bytes))
    return std::nullopt;
  reference::Tensor tensor(*kind, dims);
  if (static_cast<int64_t>(bytes.size()) > tensor.getByteSize())
    return std::nullopt;
  llvm::copy(bytes, tensor.getMutableData());
  return tensor;
}

/// A graph as printGraph writes it; a line "// OUTPUT ..." for each result tells what another implementation gave.
std::optional<Graph> readGraph(MLIRContext &context, llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  Graph graph;
  if (buffer)
    graph.module = parseSourceString<ModuleOp>((*buffer)->getBuffer(), &context);
  if (!graph.module || !graph.function())
    return std::nullopt;
  FunctionType type = graph.function().getFunctionType();
  for (llvm::StringRef line : llvm::split((*buffer)->getBuffer(), '\n')) {
    if (line.consume_front("// SKIP "))
      (void)line.trim().getAsInteger(16, graph.way.skipped);
    if (line.consume_front("// MEANS "))
      for (auto [number, means] : llvm::enumerate(allMeans()))
        if (means.first == line.trim())
          graph.way.means = number;
    bool isInput = line.starts_with("// INPUT ");
    if (!isInput && !line.starts_with("// OUTPUT "))
      continue;
    size_t index = isInput ? graph.inputs.size() : graph.elsewhere.size();
    if (index >= (isInput ? type.getNumInputs() : type.getNumResults()))
      return std::nullopt;
    auto tensor = readTensor(line.drop_front(3), isInput ? type.getInput(index) : type.getResult(index));
    if (!tensor)
      return std::nullopt;
    if (isInput)
      graph.inputs.push_back(*tensor);
    else
      graph.elsewhere.push_back(*tensor);
  }
  return graph.inputs.size() == type.getNumInputs() ? std::optional(std::move(graph)) : std::nullopt;
}
} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "random graphs, compiled and interpreted\n");
  registerCompilerPasses();
  Totals totals;
  bool isGood = true;
  auto newContext = [] {
    auto context = std::make_unique<MLIRContext>(compilerRegistry(), MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    return context;
  };
  std::unique_ptr<MLIRContext> context = newContext();
  for (auto [index, file] : llvm::enumerate(files)) {
    std::optional<Graph> graph = readGraph(*context, file);
    if (!graph) {
      llvm::errs() << "'" << file << "': expected a graph\n";
      return 1;
    }
    size_t levels = level.empty() && !byTurns ? usableLevels() : 1;
    for (size_t number = index; number < index + levels; ++number)
      isGood &= check(file, *graph, chooseLevel(number), totals);
  }
  llvm::StringSet<> made;
  auto start = std::chrono::steady_clock::now();
  for (uint64_t number = seed; files.empty(); ++number) {
    if (count ? number - seed >= count : std::chrono::steady_clock::now() - start >= std::chrono::seconds(seconds))
      break;
    if (number % 64 == 63)
      context = newContext(); // types and attributes stay in a context
    Graph graph = generate(*context, number);
    if (show)
      printGraph(graph, graph.way, llvm::outs());
    if (coverage) {
      graph.module->walk([&](Operation *op) { made.insert(op->getName().getStringRef()); });
      continue;
    }
    isGood &= check("seed " + std::to_string(number), graph, chooseLevel(number), totals);
  }
  if (coverage) {
    printNeverMade(*context, made);
    return 0;
  }
  llvm::outs() << "graphs:";
  for (auto [kind, number] : totals.graphs)
    llvm::outs() << " " << number << " " << nameOf(kind) << ",";
  llvm::outs() << " " << totals.ops << " ops, " << totals.compared << " elements compared, " << totals.undecided
               << " undecided\n";
  return isGood ? 0 : 1;
}
