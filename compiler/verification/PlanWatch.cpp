// Observation of a memory plan; see PlanWatch.h. What a loop and a return move is what kernel_abi.h's host program moves
// (passes/task/HostControl.cpp), said once more by its effect on buffers.
#include "compiler/verification/PlanWatch.h"

#include "compiler/Diagnostics.h"
#include "compiler/memory/PlannedValues.h"
#include "passes/task/States.h"
#include "runtime/package/SizeExpr.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {

/// The values of the module's graph.symbols for a run on these inputs; those that no input tells have their largest value.
static SmallVector<int64_t> symbolValues(func::FuncOp entry, ArrayRef<Tensor> inputs) {
  llvm::StringMap<int64_t> known;
  for (auto [i, input] : llvm::enumerate(inputs))
    if (auto names = entry.getArgAttrOfType<ArrayAttr>(i, "graph.dims"))
      for (auto [d, name] : llvm::enumerate(names))
        if (auto text = dyn_cast<StringAttr>(name); text && static_cast<int64_t>(d) < input.getRank())
          known[text.getValue()] = input.getDim(d);
  SmallVector<int64_t> values;
  for (auto symbol : entry->getParentOfType<ModuleOp>().getOps<graph::SymbolOp>()) {
    auto place = known.find(symbol.getSymName());
    values.push_back(place == known.end() ? static_cast<int64_t>(symbol.getMax()) : place->second);
  }
  return values;
}

PlanWatch::PlanWatch(func::FuncOp entry, ArrayRef<Tensor> inputs) : entry(entry) {
  number(entry.front());
  SmallVector<int64_t> symbols = symbolValues(entry, inputs);
  for (const rt::PlannedValueData &planned : readPlannedValues(entry->getAttrOfType<ArrayAttr>("tensel.planned_values"))) {
    Buffer &buffer = buffers.emplace_back();
    buffer.name = planned.name;
    buffer.first = planned.first;
    buffer.last = planned.last;
    ArrayRef<int64_t> size = planned.sizeExpr;
    if (rt::evalSizeExpr(size.data(), size.size(), symbols.data(), symbols.size(), buffer.bytes) != rt::SizeExprResult::Ok)
      complain(entry, "the size of " + nameOf(buffers.size() - 1) + " cannot be computed");
  }
  auto states = findStates(entry);
  if (succeeded(states))
    for (const StatePair &state : *states)
      places[entry.getArgument(state.argument)] = {task::argumentBuffer(state.argument), 0};
}

/// Positions as -tensel-plan-memory counts them: one per op, and one more where control flow ends.
void PlanWatch::number(Block &block) {
  for (Operation &op : block) {
    positions[&op] = ++position;
    for (Region &region : op.getRegions())
      number(region.front());
    if (op.getNumRegions())
      ++position;
  }
}

std::string PlanWatch::nameOf(int64_t buffer) const {
  if (task::isArgumentBuffer(buffer))
    return "the memory of argument " + std::to_string(task::argumentOfBuffer(buffer));
  return "buffer " + std::to_string(buffer) +
         (buffers[buffer].name.empty() ? std::string() : " (planned for '" + buffers[buffer].name + "')");
}

void PlanWatch::complain(Operation *at, const Twine &message) {
  if (!found.empty())
    return;
  found = message.str();
  where = at;
}

bool PlanWatch::isHeld(const Place &place) { return place.buffer == -1 || held[place.buffer].version == place.version; }

void PlanWatch::checkAlive(Operation *at, int64_t buffer) {
  if (buffer < 0)
    return;
  int64_t now = positions[at];
  if (now < buffers[buffer].first || now > buffers[buffer].last)
    complain(at, "uses " + nameOf(buffer) + " at position " + Twine(now) + ", which is alive from " +
                     Twine(buffers[buffer].first) + " to " + Twine(buffers[buffer].last) + " only");
}

void PlanWatch::read(Operation *at, Value value) {
  auto known = places.find(value);
  if (known == places.end() || known->second.buffer == -1)
    return;
  Place place = known->second;
  checkAlive(at, place.buffer);
  if (isHeld(place))
    return;
  Operation *writer = held[place.buffer].writer;
  std::string origin = describeLocation(value.getLoc());
  complain(at, "reads a value" + (origin.empty() ? "" : " of " + origin) + " from " + nameOf(place.buffer) + ", where " +
                   (writer ? std::string(writer->getName().getStringRef()) + " at " + describeLocation(writer->getLoc())
                           : std::string("another op")) +
                   " (position " + Twine(writer ? positions[writer] : -1) + ") has written since");
}

void PlanWatch::alias(Value to, Value from) {
  if (auto known = places.find(from); known != places.end()) {
    Place place = known->second;
    places[to] = place;
  }
}

PlanWatch::Place PlanWatch::put(Operation *at, int64_t buffer, int64_t bytes) {
  if (buffer == -1)
    return {};
  if (buffer >= static_cast<int64_t>(buffers.size()) ||
      (task::isArgumentBuffer(buffer) && task::argumentOfBuffer(buffer) >= entry.getNumArguments())) {
    complain(at, "writes to buffer " + Twine(buffer) + ", which the plan does not have");
    return {};
  }
  checkAlive(at, buffer);
  if (buffer >= 0 && bytes > buffers[buffer].bytes)
    complain(at, "writes " + Twine(bytes) + " bytes to " + nameOf(buffer) + ", which has " + Twine(buffers[buffer].bytes));
  Held &now = held[buffer];
  now.writer = at;
  return {buffer, ++now.version};
}

void PlanWatch::write(Operation *at, Value value, int64_t buffer, int64_t bytes) { places[value] = put(at, buffer, bytes); }

void PlanWatch::dispatch(task::DispatchOp op, ArrayRef<int64_t> over, ArrayRef<Tensor> results) {
  ArrayRef<int64_t> ids = *op.getIds();
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    read(op, input);
    Place place = places.lookup(input);
    bool isOver = llvm::is_contained(over, static_cast<int64_t>(i));
    bool isThere = place.buffer != -1 && llvm::is_contained(ids, place.buffer);
    if (isOver && !isThere)
      complain(op, "reads input " + Twine(i) + " through its destination, but that input lies elsewhere");
    if (!isOver && isThere)
      complain(op, "writes its result over input " + Twine(i) + " (" + nameOf(place.buffer) +
                       "), which its kernel reads as if it were apart");
  }
  for (auto [i, id] : llvm::enumerate(ids))
    if (id == -1 || llvm::is_contained(ids.take_front(i), id))
      complain(op, "gives result " + Twine(i) + (id == -1 ? " no buffer" : " the buffer of another result"));
  for (auto [result, id, tensor] : llvm::zip_equal(op.getResults(), ids, results))
    write(op, result, id, tensor.getByteSize());
}

// A loop's `task.ids`: per carried value its home and the way there, then one buffer per scan output.
static ArrayRef<int64_t> idsOf(Operation *op) {
  auto ids = op->getAttrOfType<DenseI64ArrayAttr>("task.ids");
  return ids ? ids.asArrayRef() : ArrayRef<int64_t>();
}

void PlanWatch::beginLoop(graph::LoopOp op) {
  size_t carried = op.getInits().size();
  ArrayRef<int64_t> ids = idsOf(op);
  if (ids.size() != carried + op.getNumResults())
    return complain(op, "has no buffers for what it carries");
  for (auto [argument, init] : llvm::zip(op.getBody().front().getArguments().drop_front(), op.getInits()))
    alias(argument, init);
  for (size_t i = carried; i < op.getNumResults(); ++i)
    write(op, op.getResult(i), ids[carried + i], 0);
}

void PlanWatch::iterate(graph::LoopOp op, ArrayRef<Tensor> yields) {
  size_t carried = op.getInits().size();
  ArrayRef<int64_t> ids = idsOf(op);
  Block &body = op.getBody().front();
  Operation *yield = body.getTerminator();
  if (ids.size() != carried + op.getNumResults())
    return;
  SmallVector<Place> next;
  for (size_t i = 0; i < carried; ++i) {
    Value value = yield->getOperand(1 + i);
    read(yield, value);
    next.push_back(ids[carried + i] >= 0 ? put(yield, ids[carried + i], yields[1 + i].getByteSize()) : places.lookup(value));
  }
  for (size_t i = carried; i < op.getNumResults(); ++i) {
    read(yield, yield->getOperand(1 + i));
    // What earlier iterations wrote must still be there.
    Place &stack = places[op.getResult(i)];
    if (!isHeld(stack))
      complain(yield,
               "adds to scan output " + Twine(i - carried) + " in " + nameOf(stack.buffer) + ", which another op has written");
  }
  for (size_t i = 0; i < carried; ++i) {
    if (!isHeld(next[i]))
      complain(yield, "carries value " + Twine(i) + ", which another carried value has overwritten on its way");
    places[body.getArgument(1 + i)] = ids[i] >= 0 ? put(yield, ids[i], yields[1 + i].getByteSize()) : next[i];
  }
}

void PlanWatch::endLoop(graph::LoopOp op) {
  for (auto [result, argument] : llvm::zip(op.getResults(), op.getBody().front().getArguments().drop_front()))
    alias(result, argument);
}

void PlanWatch::finish(Operation *ret, ArrayRef<Tensor> results) {
  SmallVector<Place> leaving;
  for (Value value : ret->getOperands()) {
    read(ret, value);
    leaving.push_back(places.lookup(value));
  }
  for (auto [i, id] : llvm::enumerate(idsOf(ret)))
    if (id >= 0)
      leaving[i] = put(ret, id, results[i].getByteSize());
  auto states = findStates(cast<func::FuncOp>(ret->getParentOp()));
  if (succeeded(states))
    for (const StatePair &state : *states)
      if (int64_t home = task::argumentBuffer(state.argument); leaving[state.result].buffer != home) {
        if (!isHeld(leaving[state.result]))
          complain(ret, "moves the next value of state " + Twine(state.argument) + ", which another state has overwritten");
        leaving[state.result] = put(ret, home, results[state.result].getByteSize());
      }
  for (auto [i, place] : llvm::enumerate(leaving))
    if (!isHeld(place))
      complain(ret, "returns result " + Twine(i) + " from " + nameOf(place.buffer) + ", where a state's next value is by then");
}
} // namespace tensel::verification
