// See the header.
#include "compiler/memory/PlannedValues.h"

using namespace mlir;

std::vector<tensel::rt::PlannedValueData> tensel::readPlannedValues(ArrayAttr values) {
  std::vector<rt::PlannedValueData> planned;
  if (!values)
    return planned;
  for (auto value : values.getAsRange<DictionaryAttr>()) {
    ArrayRef<int64_t> size = value.getAs<DenseI64ArrayAttr>("size_expr").asArrayRef();
    auto number = [&](StringRef name) { return static_cast<int32_t>(value.getAs<IntegerAttr>(name).getInt()); };
    planned.push_back({{size.begin(), size.end()}, number("first"), number("last"), value.getAs<StringAttr>("name").str()});
  }
  return planned;
}
