// Where ops come from, and what passes decide about them. An op's location names its source nodes; a pass that makes one op do
// what others did joins their locations, and tells what it decides through recordDecision(): `tensel explain` and the report
// are made from nothing else (docs/explain.md).
#ifndef TENSEL_PASSES_PROVENANCE_H
#define TENSEL_PASSES_PROVENANCE_H

#include "mlir/IR/Location.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace tensel {

/// The source nodes that a location names, each once: NameLocs, or lines of a file where there is no name.
llvm::SmallVector<mlir::Location> sourcePlaces(mlir::Location location);
/// "name (Op)", or "model.mlir:12:5".
std::string nameOfPlace(mlir::Location place);
/// The names of all places in a location; nodeName: of the first, or "".
llvm::SmallVector<std::string> nodeNames(mlir::Location location);
std::string nodeName(mlir::Location location);
/// "'graph.add' at 'name (Add)'", for reasons.
std::string nameOfOp(mlir::Operation *op);

/// The places of `first`, then those of `second`.
mlir::Location joinLocations(mlir::Location first, mlir::Location second);

enum class Verdict { Taken, Refused };

/// Says that `pass` did `what` ("fuse", "fold", ...) with the op at `location`, or did not, and why. The context's remark engine gets it
/// as an optimization remark of category `pass`; without an engine nothing happens, and the reason is never put together.
void recordDecision(mlir::Location location, llvm::StringRef pass, llvm::StringRef what, Verdict verdict,
                    const llvm::Twine &reason);
/// The same for a reason that takes work: it is asked for where somebody listens, before this returns.
void recordDecision(mlir::Location location, llvm::StringRef pass, llvm::StringRef what, Verdict verdict,
                    llvm::function_ref<std::string()> reason);

/// `into` does from now on what `from` does: its location names both, and the decision `what` is recorded for `from`.
void absorb(mlir::Operation *into, mlir::Operation *from, llvm::StringRef pass, llvm::StringRef what, const llvm::Twine &reason);
/// The same for a reason that takes work.
void absorb(mlir::Operation *into, mlir::Operation *from, llvm::StringRef pass, llvm::StringRef what,
            llvm::function_ref<std::string()> reason);

/// Keeps track for passes that MLIR's drivers rewrite for: what replaces an op absorbs it; what goes without a replacement is
/// recorded as dropped.
class ProvenanceListener : public mlir::RewriterBase::Listener {
public:
  explicit ProvenanceListener(llvm::StringRef pass) : pass(pass) {}
  void notifyOperationReplaced(mlir::Operation *op, mlir::ValueRange replacement) override;
  void notifyOperationErased(mlir::Operation *op) override;

private:
  llvm::StringRef pass;
  llvm::DenseSet<mlir::Operation *> replaced;
};

} // namespace tensel
#endif // TENSEL_PASSES_PROVENANCE_H
