// The instrumentation that goes wrong; see Planted.h.
#include "tools/planted/Planted.h"

#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;

namespace tensel::planted {
namespace {
struct Planted {
  std::string pass;
  bool (*plant)(Operation *);
};

class Instrumentation : public PassInstrumentation {
public:
  explicit Instrumentation(std::vector<Planted> planted) : planted(std::move(planted)) {}
  void runAfterPass(Pass *pass, Operation *op) override {
    for (const Planted &one : planted)
      if (one.pass == pass->getArgument())
        op->walk(
            [&](Operation *inner) { return inner != op && one.plant(inner) ? WalkResult::interrupt() : WalkResult::advance(); });
  }

private:
  std::vector<Planted> planted;
};
} // namespace

llvm::Expected<std::function<void(PassManager &)>> parse(llvm::StringRef text) {
  std::vector<Planted> planted;
  for (llvm::StringRef word : llvm::split(text, ',')) {
    auto [pass, name] = word.split(':');
    size_t before = planted.size();
    for (ArrayRef<Mistake> mistakes : {graphMistakes(), taskMistakes(), kernelMistakes()})
      for (const Mistake &mistake : mistakes)
        if (mistake.name == name)
          planted.push_back({pass.str(), mistake.plant});
    if (planted.size() == before)
      return llvm::createStringError("-plant: found '" + word + "', expected PASS:MISTAKE with a mistake of tools/planted");
  }
  return [planted](PassManager &passes) { passes.addInstrumentation(std::make_unique<Instrumentation>(planted)); };
}
} // namespace tensel::planted
