// Parses a function of the graph dialect and runs it through the reference interpreter.
#ifndef TENSEL_TESTS_REFERENCE_HARNESS_H
#define TENSEL_TESTS_REFERENCE_HARNESS_H

#include "compiler/reference/Interpreter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

namespace tensel::reference {

using Doubles = std::vector<double>;
using Dims = llvm::SmallVector<int64_t>;

class ReferenceTest : public testing::Test {
protected:
  ReferenceTest()
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          errors += diagnostic.str() + "\n";
          return mlir::success();
        }) {
    context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  }

  static Tensor f32(llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<double> values) { return Tensor::of(Kind::F32, dims, values); }
  static Tensor i64(llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> values) { return Tensor::of(Kind::I64, dims, values); }

  /// Runs the only function of the module. Empty after an error, which stands in `errors`.
  llvm::SmallVector<Tensor> run(const std::string &text, llvm::ArrayRef<Tensor> inputs = {}, Options options = {}) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << errors;
    if (!module)
      return {};
    auto results = Interpreter(weights, options).run(*module->getOps<mlir::func::FuncOp>().begin(), inputs);
    return succeeded(results) ? *results : llvm::SmallVector<Tensor>();
  }

  /// Expects one result of these dims and elements.
  void expect(const std::string &text, llvm::ArrayRef<Tensor> inputs, Dims dims, const Doubles &values, double tolerance = 0,
              Options options = {}) {
    auto results = run(text, inputs, options);
    ASSERT_EQ(results.size(), 1u) << errors;
    EXPECT_EQ(Dims(results[0].getDims()), dims);
    auto found = results[0].readAll<double>();
    ASSERT_EQ(found.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i]))
        EXPECT_TRUE(std::isnan(found[i])) << "element " << i;
      else if (tolerance == 0 || std::isinf(values[i]))
        EXPECT_EQ(found[i], values[i]) << "element " << i;
      else
        EXPECT_NEAR(found[i], values[i], tolerance) << "element " << i;
    }
  }

  mlir::MLIRContext context;
  std::string errors;
  mlir::ScopedDiagnosticHandler handler;
  WeightResolver weights;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace tensel::reference
#endif // TENSEL_TESTS_REFERENCE_HARNESS_H
