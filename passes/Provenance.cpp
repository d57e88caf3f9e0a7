// Locations as provenance, remarks as decisions; see Provenance.h.
#include "passes/Provenance.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace tensel {
namespace {
/// More names would make the locations of what everybody shares grow without end; the decision still says what happened.
constexpr size_t mostPlaces = 256;

bool isConstant(Operation *op) { return op->hasTrait<OpTrait::ConstantLike>(); }
} // namespace

SmallVector<Location> sourcePlaces(Location location) {
  llvm::SmallSetVector<Location, 4> names, lines;
  location->walk([&](Location inner) {
    if (isa<NameLoc>(inner))
      names.insert(NameLoc::get(cast<NameLoc>(inner).getName()));
    else if (isa<FileLineColLoc>(inner))
      lines.insert(inner);
    // The line that a name was written at is no place of its own.
    return isa<NameLoc>(inner) ? WalkResult::skip() : WalkResult::advance();
  });
  return names.empty() ? lines.takeVector() : names.takeVector();
}

std::string nameOfPlace(Location place) {
  if (auto name = dyn_cast<NameLoc>(place))
    return name.getName().str();
  auto line = cast<FileLineColLoc>(place);
  // Without the folders: the same model gives the same package wherever it lies.
  return (llvm::sys::path::filename(line.getFilename().getValue()) + ":" + Twine(line.getLine()) + ":" + Twine(line.getColumn()))
      .str();
}

SmallVector<std::string> nodeNames(Location location) { return llvm::map_to_vector(sourcePlaces(location), nameOfPlace); }

std::string nodeName(Location location) {
  SmallVector<Location> places = sourcePlaces(location);
  return places.empty() ? "" : nameOfPlace(places.front());
}

std::string nameOfOp(Operation *op) {
  std::string name = nodeName(op->getLoc());
  return ("'" + op->getName().getStringRef() + (name.empty() ? "'" : "' at '" + name + "'")).str();
}

Location joinLocations(Location first, Location second) {
  SmallVector<Location> places = sourcePlaces(first);
  if (isa<UnknownLoc>(second) || first == second || places.size() >= mostPlaces)
    return first;
  if (llvm::all_of(sourcePlaces(second), [&](Location place) { return llvm::is_contained(places, place); }))
    return first;
  return FusedLoc::get(first.getContext(), {first, second});
}

void recordDecision(Location location, StringRef pass, StringRef what, Verdict verdict, const Twine &reason) {
  recordDecision(location, pass, what, verdict, [&] { return reason.str(); });
}

void recordDecision(Location location, StringRef pass, StringRef what, Verdict verdict,
                    llvm::function_ref<std::string()> reason) {
  if (!location->getContext()->getRemarkEngine())
    return;
  auto options = remark::RemarkOpts::name(what).category(pass);
  std::string text = reason();
  if (verdict == Verdict::Taken)
    remark::passed(location, options) << text;
  else
    remark::missed(location, options) << text;
}

void absorb(Operation *into, Operation *from, StringRef pass, StringRef what, llvm::function_ref<std::string()> reason) {
  recordDecision(from->getLoc(), pass, what, Verdict::Taken, reason);
  into->setLoc(joinLocations(into->getLoc(), from->getLoc()));
}

void absorb(Operation *into, Operation *from, StringRef pass, StringRef what, const Twine &reason) {
  absorb(into, from, pass, what, [&] { return reason.str(); });
}

void ProvenanceListener::notifyOperationReplaced(Operation *op, ValueRange replacement) {
  replaced.insert(op);
  if (isConstant(op))
    return;
  for (Value value : replacement) {
    Operation *maker = value ? value.getDefiningOp() : nullptr;
    if (maker && isConstant(maker))
      recordDecision(op->getLoc(), pass, "fold", Verdict::Taken, "its value is known when compiling");
    else if (!maker)
      recordDecision(op->getLoc(), pass, "merge", Verdict::Taken, "its value is an input of the function");
    else if (maker->getLoc() != op->getLoc())
      absorb(maker, op, pass, "merge",
             [&] { return (maker->getName() == op->getName() ? "the same as " : "its value is that of ") + nameOfOp(maker); });
  }
}

void ProvenanceListener::notifyOperationErased(Operation *op) {
  if (!replaced.erase(op) && !isConstant(op) && op->getNumResults())
    recordDecision(op->getLoc(), pass, "drop", Verdict::Taken, "nothing reads its result");
}

} // namespace tensel
