// See ReuseBuffers.h. Kernels promise that their pointers do not alias, so a kernel that writes over an input is a function of its
// own, marked `tensel.in_place = array<i64: arguments>`: code generation reads those arguments through the destination.
#include "passes/task/ReuseBuffers.h"
#include "dialects/graph/Graph.h"
#include "dialects/task/Task.h"
#include "passes/Provenance.h"
#include "passes/kernel/CheckKernel.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace tensel {
namespace {
constexpr StringLiteral passName = "tensel-plan-memory";

/// The value that `value` is another view of.
Value throughAliases(Value value) {
  while (auto alias = value.getDefiningOp<task::AliasOp>())
    value = alias.getInput();
  return value;
}

/// True for values from control flow, which may lie in any of several buffers.
bool isAmbiguous(Value value, func::FuncOp entry) {
  if (auto arg = dyn_cast<BlockArgument>(value))
    return arg.getOwner() != &entry.front();
  return isa<graph::IfOp, graph::LoopOp>(value.getDefiningOp());
}

void renumber(Operation *op, StringRef name, ArrayRef<int64_t> numbers) {
  auto ids = op->getAttrOfType<DenseI64ArrayAttr>(name);
  if (!ids)
    return;
  SmallVector<int64_t> list(ids.asArrayRef());
  for (int64_t &id : list)
    id = id < 0 ? id : numbers[id];
  op->setAttr(name, DenseI64ArrayAttr::get(op->getContext(), list));
}
} // namespace

ArrayRef<int64_t> InPlaceKernels::overwritable(func::FuncOp kernel) {
  auto [place, isNew] = known.try_emplace(kernel.getName());
  if (isNew && !kernel.isExternal())
    place->second = checker.overwritableArguments(kernel);
  return place->second;
}

FlatSymbolRefAttr InPlaceKernels::variant(func::FuncOp kernel, ArrayRef<int64_t> arguments) {
  std::string suffix = "_over";
  for (int64_t argument : arguments)
    suffix += "_" + std::to_string(argument);
  auto [place, isNew] = variants.try_emplace((kernel.getName() + suffix).str());
  if (isNew) {
    func::FuncOp copy = kernel.clone();
    copy.setSymName((kernel.getName() + suffix).str());
    copy->setAttr("tensel.in_place", DenseI64ArrayAttr::get(module.getContext(), arguments));
    place->second = symbols.insert(copy, std::next(Block::iterator(kernel)));
    sources[place->second.getValue()] = kernel.getName().str();
  }
  return FlatSymbolRefAttr::get(place->second);
}

void InPlaceKernels::placeStates(func::FuncOp entry, ArrayRef<StatePair> states, std::vector<PlannedBuffer> &planned,
                                 ArrayRef<int64_t> lastReads) {
  Operation *ret = entry.front().getTerminator();
  for (const StatePair &state : states) {
    Value argument = entry.getArgument(state.argument), next = throughAliases(ret->getOperand(state.result));
    auto dispatch = next.getDefiningOp<task::DispatchOp>();
    if (!dispatch || dispatch->getBlock() != &entry.front())
      continue;
    SmallVector<int64_t> ids(*dispatch.getIds());
    int64_t &id = ids[cast<OpResult>(next).getResultNumber()];
    if (id < 0 || lastReads[state.argument] > planned[id].first) {
      // It is another state's next value as well, or the state is needed later.
      recordDecision(dispatch.getLoc(), passName, "in-place", Verdict::Refused,
                     "the state's old value is needed later: its next value is copied over it in the end");
      continue;
    }
    if (lastReads[state.argument] == planned[id].first) {
      SmallVector<int64_t> over;
      for (auto [i, input] : llvm::enumerate(dispatch.getInputs()))
        if (throughAliases(input) == argument)
          over.push_back(i);
      auto kernel = symbols.lookup<func::FuncOp>(dispatch.getKernel());
      if (!kernel || over.empty() || dispatch.getNumResults() != 1 ||
          llvm::any_of(dispatch.getInputs(), [&](Value input) { return isAmbiguous(throughAliases(input), entry); }) ||
          !llvm::all_of(over, [&](int64_t i) { return llvm::is_contained(overwritable(kernel), i); })) {
        recordDecision(dispatch.getLoc(), passName, "in-place", Verdict::Refused,
                       "the kernel reads the state elsewhere than it writes: the next value is copied over it in the end");
        continue;
      }
      dispatch.setKernelAttr(variant(kernel, over));
    }
    recordDecision(dispatch.getLoc(), passName, "in-place", Verdict::Taken,
                   "the next value of a state is written into the state's memory");
    planned[id].isPlaced = true;
    id = task::argumentBuffer(state.argument);
    dispatch.setIds(ids);
  }
}

void InPlaceKernels::reuseIn(func::FuncOp entry, std::vector<PlannedBuffer> &planned) {
  SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, planned.size())); // a merged buffer's is an earlier one
  entry.walk([&](task::DispatchOp dispatch) {
    auto kernel = symbols.lookup<func::FuncOp>(dispatch.getKernel());
    if (!kernel || dispatch.getNumResults() != 1 || !dispatch.getIds())
      return;
    int64_t result = dispatch.getIds()->front();
    if (result < 0)
      return;
    // Per input the buffer of a dispatch that it lies in, or -1.
    SmallVector<int64_t> buffers;
    for (Value input : dispatch.getInputs()) {
      input = throughAliases(input);
      if (isAmbiguous(input, entry))
        return;
      auto producer = input.getDefiningOp<task::DispatchOp>();
      int64_t id = producer ? (*producer.getIds())[cast<OpResult>(input).getResultNumber()] : -1;
      buffers.push_back(id < 0 ? -1 : numbers[id]);
    }
    for (int64_t buffer : buffers) {
      if (buffer < 0 || planned[buffer].last != planned[result].first || planned[buffer].size != planned[result].size)
        continue;
      SmallVector<int64_t> over;
      for (auto [i, other] : llvm::enumerate(buffers))
        if (other == buffer)
          over.push_back(i);
      if (!llvm::all_of(over, [&](int64_t i) { return llvm::is_contained(overwritable(kernel), i); })) {
        recordDecision(dispatch.getLoc(), passName, "in-place", Verdict::Refused,
                       "an input of that size is not read after it, but the kernel reads it elsewhere than it writes");
        continue;
      }
      recordDecision(dispatch.getLoc(), passName, "in-place", Verdict::Taken,
                     "its result takes the buffer of '" + Twine(planned[buffer].name) + "', which nobody reads after it");
      dispatch.setKernelAttr(variant(kernel, over));
      planned[buffer].last = planned[result].last;
      numbers[result] = buffer;
      return;
    }
  });
  // A merged buffer's number is not its own, a placed one has none any more; the others close the gaps.
  std::vector<PlannedBuffer> left;
  for (auto [i, number] : llvm::enumerate(numbers)) {
    if (number != int64_t(i)) {
      number = numbers[number];
      continue;
    }
    if (planned[i].isPlaced)
      continue;
    number = left.size();
    left.push_back(std::move(planned[i]));
  }
  planned = std::move(left);
  entry.walk([&](Operation *op) {
    if (isa<task::DispatchOp, task::FromElementsOp>(op))
      renumber(op, "ids", numbers);
    else if (isa<graph::LoopOp, func::ReturnOp>(op))
      renumber(op, "task.ids", numbers);
  });
}

void InPlaceKernels::eraseUnused() {
  if (sources.empty())
    return;
  llvm::StringMap<bool> used;
  module.walk([&](task::DispatchOp dispatch) { used[dispatch.getKernel()] = true; });
  llvm::StringMap<SmallVector<StringAttr>> made;
  for (auto &[name, source] : sources)
    made[source].push_back(StringAttr::get(module.getContext(), name));
  if (auto list = module->getAttrOfType<ArrayAttr>("tensel.kernels")) {
    SmallVector<Attribute> kept;
    for (auto entry : list.getAsRange<DictionaryAttr>()) {
      auto name = cast<StringAttr>(entry.get("name"));
      if (used.contains(name.getValue()))
        kept.push_back(entry);
      SmallVector<StringAttr> copies = made.lookup(name.getValue());
      llvm::sort(copies, [](StringAttr a, StringAttr b) { return a.getValue() < b.getValue(); });
      for (StringAttr copy : copies) {
        NamedAttrList fields(entry);
        fields.set("name", copy);
        kept.push_back(fields.getDictionary(module.getContext()));
      }
    }
    module->setAttr("tensel.kernels", ArrayAttr::get(module.getContext(), kept));
  }
  for (auto &[name, source] : sources)
    if (auto kernel = symbols.lookup(source); kernel && !used.contains(source))
      symbols.erase(kernel);
}

} // namespace tensel
