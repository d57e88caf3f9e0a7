// The way of `tensel run`, in a child: shared phases, machine code, JIT, a session; see Compiled.h.
#include "tests/fuzz/graphs/Compiled.h"

#include "compiler/Jit.h"
#include "compiler/verification/Isolated.h"
#include "mlir/Pass/Pass.h"
#include "passes/graph/DecisiveInputs.h"
#include "runtime/include/tensel/runtime.h"

using namespace tensel;
using namespace tensel::fuzz;
using reference::Tensor;

constexpr unsigned secondsToHang = 60;

llvm::StringRef tensel::fuzz::nameOf(Verdict::Kind kind) {
  constexpr llvm::StringRef names[] = {"same",          "not evaluated", "differs", "refused",
                                       "failed to run", "crashed",       "hung",    "disputed"};
  return names[kind];
}

static void say(Verdict &verdict, Verdict::Kind kind, const llvm::Twine &text) {
  verdict.kind = kind;
  std::string message = text.str();
  message.resize(std::min(message.size(), sizeof(verdict.message) - 1));
  llvm::copy(message, verdict.message);
  verdict.message[message.size()] = 0;
}

static void runSession(const verification::Case &graph, llvm::ArrayRef<Expected> expected, const tensel_static_model *description,
                       Verdict &verdict) {
  tensel_model *model = nullptr;
  tensel_session *session = nullptr;
  tensel_error_t error = {};
  if (tensel_model_load_static(description, &model, &error) != TENSEL_OK)
    return say(verdict, Verdict::failedToRun, error.message);
  tensel_session_options options = {};
  options.threads = 1;
  if (tensel_session_create(model, 0, &options, &session, &error) != TENSEL_OK)
    return say(verdict, Verdict::failedToRun, error.message);
  std::vector<std::vector<char>> aligned;
  for (auto [i, input] : llvm::enumerate(graph.inputs)) {
    aligned.emplace_back(input.getBytes().begin(), input.getBytes().end());
    aligned.back().reserve(1);
    if (tensel_session_set_input(session, i, aligned.back().data(), static_cast<tensel_elem_type>(input.getKind()),
                                 input.getDims().data(), input.getRank()) != TENSEL_OK)
      return say(verdict, Verdict::failedToRun, tensel_session_message(session));
  }
  // Twice: the second run meets an arena that is not zeros.
  for (int run = 0; run < 2; ++run) {
    if (tensel_session_run(session) != TENSEL_OK)
      return say(verdict, Verdict::failedToRun, tensel_session_message(session));
    for (auto [i, one] : llvm::enumerate(expected)) {
      const void *data = nullptr;
      const int64_t *dims = nullptr;
      int32_t rank = 0;
      if (tensel_session_output(session, i, &data, &dims, &rank) != TENSEL_OK)
        return say(verdict, Verdict::failedToRun, tensel_session_message(session));
      Tensor shaped(one.tensor.getKind(), llvm::ArrayRef<int64_t>(dims, rank));
      std::copy_n(static_cast<const char *>(data), shaped.getByteSize(), shaped.getMutableData());
      std::string wrong = compare(one, shaped, verdict.compared, verdict.undecided);
      if (!wrong.empty())
        return say(verdict, Verdict::differs, "result " + llvm::Twine(i) + (run ? " of the second run: " : ": ") + wrong);
    }
  }
}

/// Programs are right without these, too. Ops that fold always have no kernel.
static bool isOptional(const mlir::PassExecutionAction &action) {
  llvm::StringRef name = action.getPass().getArgument();
  if (name == "tensel-fold-constants")
    return !action.getOp()
                ->walk([](mlir::Operation *op) {
                  return op->hasTrait<graph::FoldsAlways>() ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
                })
                .wasInterrupted();
  return llvm::is_contained({"canonicalize", "cse", "tensel-simplify-movement", "tensel-pack-constants"}, name);
}

/// Makes the context leave passes of the shared phases out.
static void skipPasses(mlir::MLIRContext &context, uint64_t skipped) {
  context.registerActionHandler([skipped, next = 0](llvm::function_ref<void()> run, const mlir::tracing::Action &action) mutable {
    const auto *pass = llvm::dyn_cast<mlir::PassExecutionAction>(&action);
    bool isSkipped = pass && isOptional(*pass) && next < 64 && (skipped >> next++ & 1);
    if (!isSkipped)
      run();
  });
}

/// As `tensel run` does: an input that a dim without another bound follows from has the value that it will have.
static void fixDecisiveInputs(verification::Case &graph) {
  for (mlir::BlockArgument argument : findDecisiveInputs(graph.function())) {
    const Tensor &tensor = graph.inputs[argument.getArgNumber()];
    if (tensor.getByteSize() <= 1024 && llvm::cast<mlir::RankedTensorType>(argument.getType()).hasStaticShape())
      fixInput(argument, reference::elementsOf(getElementTypeOrSelf(argument.getType()), tensor));
  }
}

/// Whether another implementation's results are within the bounds of one.
static void compareElsewhere(const verification::Case &graph, llvm::ArrayRef<Tensor> elsewhere, Verdict &verdict) {
  auto expected = expect(graph, /*atEachStep=*/true);
  if (failed(expected))
    return say(verdict, Verdict::notEvaluated, "the reference interpreter refuses it");
  for (auto [i, tensor] : llvm::enumerate(elsewhere)) {
    std::string wrong = compare((*expected)[i], tensor, verdict.compared, verdict.undecided);
    if (!wrong.empty())
      return say(verdict, Verdict::disputed, "result " + llvm::Twine(i) + " elsewhere: " + wrong);
  }
}

static void compileAndRun(const verification::Case &graph, const Way &way, const CpuLevel &level,
                          llvm::ArrayRef<Tensor> elsewhere, Verdict &verdict) {
  mlir::ScopedDiagnosticHandler silent(graph.module.get().getContext(), [](mlir::Diagnostic &) { return mlir::success(); });
  auto expected = expect(graph);
  if (failed(expected))
    return say(verdict, Verdict::notEvaluated, "the reference interpreter refuses it");
  verification::Case compiled = graph.clone();
  fixDecisiveInputs(compiled);
  mlir::MLIRContext &context = *compiled.module->getContext();
  if (way.skipped)
    skipPasses(context, way.skipped);
  llvm::Expected<std::unique_ptr<Program>> program =
      Program::create(*compiled.module, {.roundedBits = 0, .means = allMeans()[way.means].second});
  if (!program)
    return say(verdict, Verdict::refused, llvm::toString(program.takeError()));
  context.registerActionHandler({});
  if (llvm::Error error = (*program)->makeCode({&level}))
    return say(verdict, Verdict::refused, llvm::toString(std::move(error)));
  llvm::Expected<std::unique_ptr<JitModel>> jit = JitModel::create(**program);
  if (!jit)
    return say(verdict, Verdict::refused, llvm::toString(jit.takeError()));
  runSession(graph, *expected, (*jit)->description(), verdict);
  if (verdict.kind == Verdict::same && !elsewhere.empty())
    compareElsewhere(graph, elsewhere, verdict);
}

Verdict tensel::fuzz::compileAndCompare(const verification::Case &graph, const Way &way, const CpuLevel &level,
                                        llvm::ArrayRef<Tensor> elsewhere) {
  Verdict verdict;
  verification::Outcome outcome = verification::runIsolated<Verdict>(
      [&](Verdict &found) { compileAndRun(graph, way, level, elsewhere, found); }, verdict, secondsToHang);
  if (outcome.kind != verification::Outcome::Ended)
    say(verdict, outcome.kind == verification::Outcome::Hung ? Verdict::hung : Verdict::crashed, outcome.what);
  return verdict;
}
