// Verification below the pass manager: bounds, samples, the compiled program's check with programs that are right and wrong.
#include "compiler/verification/Verifier.h"
#include "compiler/verification/Compare.h"
#include "compiler/verification/Samples.h"
#include "mlir/Parser/Parser.h"
#include "passes/graph/Passes.h"
#include "passes/task/Passes.h"
#include "llvm/Support/Error.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace tensel;
using namespace tensel::verification;
using reference::Kind;
using reference::Tensor;

namespace {
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Tensor f32(llvm::ArrayRef<double> values) { return Tensor::of(Kind::F32, {static_cast<int64_t>(values.size())}, values); }

TEST(Compare, ExactMeansBits) {
  EXPECT_EQ(differenceOf(f32({1, nan}), f32({1, nan})), "");
  EXPECT_EQ(differenceOf(f32({1, 0.0, 3}), f32({1, -0.0, 2})), "element [1]: found 0, expected -0 (2 of 3 elements differ)");
  EXPECT_EQ(differenceOf(f32({1}), f32({1, 2})), "found 1xf32, expected 2xf32");
}

TEST(Compare, NoToleranceReachesInfinity) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(differenceBeyond(f32({inf, nan, 1}), f32({inf, nan, 1.05}), {.rtol = 0.1, .atol = 0}), "");
  EXPECT_NE(differenceBeyond(f32({1}), f32({inf}), {.rtol = 0.1, .atol = 0}), "");
  EXPECT_NE(differenceBeyond(f32({inf}), f32({1}), {.rtol = 0.1, .atol = 0}), "");
}

TEST(Compare, TheBoundGrowsWithTheReferencesOwnError) {
  Tensor value = f32({1, 2}), exact = Tensor::of(Kind::F64, {2}, llvm::ArrayRef<double>{1 + 1e-6, 2});
  Bound bound(value, exact, {1, 1});
  EXPECT_EQ(bound.differenceOf(f32({1.000002, 2})), "");
  EXPECT_NE(bound.differenceOf(f32({1.00002, 2})), "");
  EXPECT_NE(bound.differenceOf(f32({nan, 2})), "");
  EXPECT_GT(bound.shareOf(f32({1.00002, 2})), 1);
  // Where the reference is exact, only a few roundings are allowed.
  Bound tight(value, Tensor::of(Kind::F64, {2}, llvm::ArrayRef<double>{1, 2}), {1, 1});
  EXPECT_EQ(tight.differenceOf(f32({1 + 0x1p-23, 2})), "");
  EXPECT_NE(tight.differenceOf(f32({1 + 0x1p-20, 2})), "");
}

TEST(Compare, IntegersDifferOnlyWhereTheReferencesDo) {
  auto i64 = [](int64_t a, int64_t b) { return Tensor::of(Kind::I64, {2}, llvm::ArrayRef<int64_t>{a, b}); };
  Bound bound(i64(3, 4), i64(3, 5), {1, 1});
  EXPECT_EQ(bound.differenceOf(i64(3, 5)), "");
  EXPECT_NE(bound.differenceOf(i64(2, 4)), "");
}

class VerifierTest : public testing::Test {
protected:
  VerifierTest() : context(compilerRegistry()) { context.loadAllAvailableDialects(); }

  mlir::func::FuncOp parse(const char *text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return *module->getOps<mlir::func::FuncOp>().begin();
  }

  /// Forms the program's dispatches, seen by the verifier.
  void formDispatches(const char *text, Verifier &verifier) {
    parse(text);
    mlir::PassManager passes(&context);
    passes.addPass(createFormDispatchesPass());
    verifier.attach(passes);
    ASSERT_TRUE(succeeded(passes.run(*module)));
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(VerifierTest, SizesLieInTheDeclaredRanges) {
  auto function = parse(R"(
    graph.symbol @A {min = 4, max = 64, step = 4}
    graph.symbol @B {max = 6}
    func.func @main(%x: tensor<?x?xf32> {graph.dims = ["B", "A"]}, %y: tensor<?xi64> {graph.dims = ["A"]}) -> tensor<?xi64> {
      return %y : tensor<?xi64>
    })");
  for (unsigned choice = 0; choice < sizeChoiceCount(); ++choice)
    for (unsigned variant : {0u, 1u}) {
      auto sample = makeSample(function, choice, variant, 0, {});
      ASSERT_TRUE(succeeded(sample));
      int64_t a = sample->inputs[0].getDim(1), b = sample->inputs[0].getDim(0);
      EXPECT_TRUE(a >= 4 && a <= 64 && a % 4 == 0) << a;
      EXPECT_TRUE(b >= 1 && b <= 6) << b;
      EXPECT_EQ(sample->inputs[1].getDim(0), a);
    }
}

TEST_F(VerifierTest, IndicesLieInTheirTables) {
  auto function = parse(R"(
    func.func @main(%i: tensor<64xi32>, %t: tensor<3x2xf32>) -> tensor<64x2xf32> {
      %0 = graph.cast %i {to = i64} : (tensor<64xi32>) -> tensor<64xi64>
      %1 = graph.gather %t, %0 {axis = 0 : i64} : (tensor<3x2xf32>, tensor<64xi64>) -> tensor<64x2xf32>
      return %1 : tensor<64x2xf32>
    })");
  auto sample = makeSample(function, 0, 1, 0, {});
  ASSERT_TRUE(succeeded(sample));
  for (int64_t index : sample->inputs[0].readAll<int64_t>())
    EXPECT_TRUE(index >= 0 && index < 3) << index;
}

constexpr const char *square = R"mlir(
  func.func @main(%x: tensor<4xf32> {graph.name = "x"}) -> (tensor<4xf32> {graph.name = "y"}) {
    %0 = graph.mul %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("square (Mul)")
    return %0 : tensor<4xf32>
})mlir";

TEST_F(VerifierTest, TheCompiledProgramIsHeldToItsBound) {
  for (double factor : {1.0, 1.0 + 0x1p-23, 1.001}) {
    Verifier verifier({});
    ASSERT_NO_FATAL_FAILURE(formDispatches(square, verifier));
    std::string text = llvm::toString(verifier.checkCompiled("x86-64-v3", [&](llvm::StringRef, llvm::ArrayRef<Tensor> inputs) {
      std::vector<double> values = inputs[0].readAll<double>();
      for (double &value : values)
        value = value * value * factor;
      return llvm::Expected<llvm::SmallVector<Tensor>>(llvm::SmallVector<Tensor>{f32(values)});
    }));
    EXPECT_EQ(text.empty(), factor < 1.0001) << text;
    EXPECT_EQ(verifier.broken().has_value(), factor > 1.0001);
    if (factor > 1.0001)
      EXPECT_NE(text.find("made by graph.mul at node 'square (Mul)'"), std::string::npos) << text;
  }
}

/// Code of the kernel that squares four numbers, right or wrong by `factor`.
template <int thousandths>
void squareRange(void *closure, int64_t begin, int64_t end) {
  auto *slots = static_cast<float **>(closure);
  for (int64_t i = 4 * begin; i < 4 * end; ++i)
    slots[1][i] = slots[0][i] * slots[0][i] * (1 + thousandths / 1000.0f);
}
int64_t countOne(void *) { return 1; }

TEST_F(VerifierTest, TheMachineCodeOfAKernelIsHeldToItsBound) {
  for (bool isWrong : {false, true}) {
    Verifier verifier({});
    ASSERT_NO_FATAL_FAILURE(formDispatches(square, verifier));
    std::string text = llvm::toString(verifier.checkMachineCode("x86-64-v4", [&](llvm::StringRef name) -> llvm::Expected<void *> {
      if (name == "k0_count")
        return reinterpret_cast<void *>(&countOne);
      return reinterpret_cast<void *>(isWrong ? &squareRange<1> : &squareRange<0>);
    }));
    EXPECT_EQ(text.empty(), !isWrong) << text;
    if (isWrong) {
      EXPECT_NE(text.find("the machine code of kernel 'k0' at x86-64-v4"), std::string::npos) << text;
      EXPECT_NE(text.find("'square (Mul)'"), std::string::npos) << text;
    }
  }
}

TEST(NumericClass, IsKnownOfEveryPassObject) {
  EXPECT_EQ(numericClassOf(*createDecomposePass()), NumericClass::Exact);
  EXPECT_EQ(numericClassOf(*createQuantizeActivationsPass()), NumericClass::Lossy);
}
} // namespace
