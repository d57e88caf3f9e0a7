// Which part of the model an op belongs to, as its location.
#include "frontend/llm/builder/Model.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

void Model::locate(StringRef name, StringRef kind) {
  std::string id = (name + " (" + kind + ")").str();
  known.try_emplace(id, graph::SourceNode{id, name.str(), kind.str()});
  loc = NameLoc::get(b.getStringAttr(id));
}

Model::Part::Part(Model &model, StringRef name, StringRef kind)
    : model(model), before(model.loc), isOfLayer(name.starts_with(".")) {
  ++model.openParts;
  model.locate(model.fullName(name), kind);
}

Model::Part::~Part() {
  model.loc = before;
  if (--model.openParts == 0 && isOfLayer)
    model.locate(model.block + "." + std::to_string(model.layer), "layer");
}

graph::SourceNodes Model::parts() {
  graph::SourceNodes list;
  llvm::StringSet<> seen;
  module.walk([&](Operation *op) {
    auto name = dyn_cast<NameLoc>(op->getLoc());
    auto found = name ? known.find(name.getName()) : known.end();
    if (found != known.end() && op->getBlock() != module.getBody() && !op->hasTrait<OpTrait::IsTerminator>() &&
        seen.insert(found->first()).second)
      list.push_back(found->second);
  });
  return list;
}
