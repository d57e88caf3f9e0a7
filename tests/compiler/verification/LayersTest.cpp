// Equal layers: two stand for all where a pass does the same to all of them, and what it does to one alone, or to their order, is found.
#include "compiler/verification/Layers.h"
#include "compiler/Pipeline.h"
#include "compiler/verification/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "passes/NumericClass.h"
#include "passes/task/Passes.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>

using namespace tensel;
using namespace tensel::verification;
using namespace mlir;

namespace {
/// Layer k: x -> x + relu(x * -w.k + state.k) * v.k, where the sum is the next state.
std::string program(unsigned layers) {
  std::string weights, arguments = "%x: tensor<3x4xf32>", types = "tensor<3x4xf32>", body, results;
  std::string x = "%x";
  for (unsigned k = 0; k < layers; ++k) {
    for (const char *name : {"w", "v"})
      weights += llvm::formatv("graph.weight @{0}.{1} : tensor<4x4xf32> data dense<[[{2}, 0.3, 0.1, 0.2], [0.2, {3}, 0.1, 0.3], "
                               "[-0.1, 0.4, 0.6, 0.1], [0.5, 0.3, 0.2, 0.1]]> : tensor<4x4xf32>\n",
                               name, k, 0.01 * (k + 1), *name == 'w' ? 0.25 + 0.01 * k : -0.5 + 0.02 * k);
    arguments += llvm::formatv(", %s{0}: tensor<3x4xf32>", k);
    types += ", tensor<3x4xf32>";
    results += llvm::formatv(", %a{0}", k);
    body += llvm::formatv(R"(
      %w{0} = graph.load_weight @w.{0} : tensor<4x4xf32>
      %n{0} = graph.neg %w{0} : (tensor<4x4xf32>) -> tensor<4x4xf32>
      %m{0} = graph.matmul {1}, %n{0} : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
      %a{0} = graph.add %m{0}, %s{0} : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
      %r{0} = graph.relu %a{0} : (tensor<3x4xf32>) -> tensor<3x4xf32>
      %v{0} = graph.load_weight @v.{0} : tensor<4x4xf32>
      %q{0} = graph.matmul %r{0}, %v{0} : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
      %x{0} = graph.add {1}, %q{0} : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
)",
                          k, x);
    x = llvm::formatv("%x{0}", k);
  }
  return llvm::formatv("{0}func.func @main({1}) -> ({2}) {{\n%e = graph.tanh %x : (tensor<3x4xf32>) -> tensor<3x4xf32>\n{3}\n"
                       "%y = graph.tanh {4} : (tensor<3x4xf32>) -> tensor<3x4xf32>\nreturn %y{5} : {2}\n}",
                       weights, arguments, types, body, x, results);
}

using Change = std::function<void(func::FuncOp)>;
/// A pass of the class exact.
struct Changing : PassWrapper<Changing, NumericPass<NumericClass::Exact, ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Changing)
  explicit Changing(Change change) : change(std::move(change)) {}
  StringRef getArgument() const override { return "changing"; }
  void runOnOperation() override { change(*getOperation().getOps<func::FuncOp>().begin()); }
  Change change;
};

class LayersTest : public testing::Test {
protected:
  LayersTest() : context(compilerRegistry()) { context.loadAllAvailableDialects(); }

  /// What the verifier says of the passes.
  std::string verify(unsigned layers, llvm::function_ref<void(PassManager &)> add) { return verifyText(program(layers), add); }
  std::string verifyText(const std::string &text, llvm::function_ref<void(PassManager &)> add) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    Verifier verifier({});
    PassManager passes(&context);
    add(passes);
    verifier.attach(passes);
    EXPECT_TRUE(succeeded(passes.run(*module)));
    evaluated = verifier.countEvaluated();
    report = llvm::join(verifier.report(), "\n");
    return llvm::toString(verifier.verdict());
  }
  std::string verify(Change change, unsigned layers = 8) {
    return verify(layers, [&](PassManager &passes) { passes.addPass(std::make_unique<Changing>(change)); });
  }

  bool isByLayers() const { return report.find("equal layers") != std::string::npos; }

  template <typename Op>
  static Op nth(func::FuncOp function, unsigned n) {
    auto ops = llvm::to_vector(function.getOps<Op>());
    return ops[n];
  }
  static void setWeight(func::FuncOp function, unsigned load, const std::string &name) {
    nth<graph::LoadWeightOp>(function, load).setWeight(name);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  uint64_t evaluated = 0;
  std::string report;
};

/// Right, in every layer.
void swapTerms(func::FuncOp function) {
  for (auto add : function.getOps<graph::AddOp>())
    add->setOperands({add->getOperand(1), add->getOperand(0)});
}

TEST_F(LayersTest, AreFoundWithWhatTheyAreGiven) {
  module = parseSourceString<ModuleOp>(program(6), &context);
  LayeredFunction layered(*module->getOps<func::FuncOp>().begin());
  ASSERT_EQ(layered.runs.size(), 1U);
  const Layers &layers = layered.runs[0][0];
  EXPECT_GE(layers.count, 5U);
  EXPECT_EQ(layers.size, 6U);
  EXPECT_EQ(layers.given.size(), 3 * layers.count);
  EXPECT_EQ(layers.results.size(), layers.count);
  module = parseSourceString<ModuleOp>(program(2), &context);
  EXPECT_TRUE(LayeredFunction(*module->getOps<func::FuncOp>().begin()).runs.empty());
}

TEST_F(LayersTest, TwoStandForAllHoweverManyThereAre) {
  EXPECT_EQ(verify(swapTerms, 8), "");
  EXPECT_TRUE(isByLayers()) << report;
  uint64_t few = evaluated;
  EXPECT_EQ(verify(swapTerms, 40), "");
  EXPECT_EQ(evaluated, few);
}

TEST_F(LayersTest, AMistakeInAllOfThemIsFound) {
  EXPECT_NE(verify([](func::FuncOp function) {
              for (auto add : llvm::to_vector(function.getOps<graph::AddOp>()))
                add->setOperand(0, add->getOperand(1));
            }),
            "");
}

TEST_F(LayersTest, AMistakeInAllButTheFirstIsFound) {
  // The residual comes from the state in place of the layer before.
  EXPECT_NE(verify([](func::FuncOp function) {
              for (unsigned k = 1; k < 8; ++k)
                nth<graph::MatmulOp>(function, 2 * k)->setOperand(0, nth<graph::AddOp>(function, 2 * k - 2)->getResult(0));
            }),
            "");
}

TEST_F(LayersTest, WhatALayerTakesFromTheOneBeforeIsFound) {
  // The first layer gets the same from both ops before it, the others do not.
  std::string arguments = "%x: tensor<4xf32>", body;
  for (unsigned k = 0; k < 6; ++k) {
    arguments += llvm::formatv(", %s{0}: tensor<4xf32>", k);
    body += llvm::formatv("%n{0} = graph.neg %x{0} : (tensor<4xf32>) -> tensor<4xf32>\n"
                          "%a{0} = graph.add %n{0}, %s{0} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
                          "%x{1} = graph.tanh %a{0} : (tensor<4xf32>) -> tensor<4xf32>\n",
                          k, k + 1);
  }
  std::string text =
      "func.func @main(" + arguments + ") -> tensor<4xf32> {\n" +
      "%e = graph.tanh %x : (tensor<4xf32>) -> tensor<4xf32>\n%x0 = graph.tanh %x : (tensor<4xf32>) -> tensor<4xf32>\n" + body +
      "%y = graph.exp %x6 : (tensor<4xf32>) -> tensor<4xf32>\nreturn %y : tensor<4xf32>\n}";
  EXPECT_NE(verifyText(text,
                       [](PassManager &passes) {
                         passes.addPass(std::make_unique<Changing>([](func::FuncOp function) {
                           for (auto neg : function.getOps<graph::NegOp>())
                             neg->setOperand(0, neg->getPrevNode()->getPrevNode()->getResult(0));
                         }));
                       }),
            "");
}

TEST_F(LayersTest, AMistakeInOneLayerIsFound) {
  for (unsigned k : {0U, 5U, 7U})
    EXPECT_NE(verify([k](func::FuncOp function) {
                auto relu = nth<graph::ReluOp>(function, k);
                relu.replaceAllUsesWith(relu->getOperand(0));
                relu->erase();
              }),
              "")
        << k;
}

TEST_F(LayersTest, SwappedWeightsAreFound) {
  for (auto [one, other] : {std::pair("w.5", "v.5"), std::pair("w.4", "w.6"), std::pair("v.6", "v.7")})
    EXPECT_NE(verify([one = std::string(one), other = std::string(other)](func::FuncOp function) {
                for (auto load : function.getOps<graph::LoadWeightOp>())
                  if (load.getWeight() == one || load.getWeight() == other)
                    load.setWeight(load.getWeight() == one ? other : one);
              }),
              "")
        << one << " " << other;
}

TEST_F(LayersTest, TheWeightOfAnotherLayerIsFound) {
  EXPECT_NE(verify([](func::FuncOp function) { setWeight(function, 10, "w.4"); }), "");
}

TEST_F(LayersTest, SwappedStatesAreFound) {
  EXPECT_NE(verify([](func::FuncOp function) {
              BlockArgument one = function.getArgument(5), other = function.getArgument(7);
              Operation *user = *one.getUsers().begin();
              other.replaceAllUsesWith(one);
              user->replaceUsesOfWith(one, other);
            }),
            "");
  EXPECT_NE(verify([](func::FuncOp function) {
              Operation *end = function.front().getTerminator();
              Value one = end->getOperand(5), other = end->getOperand(7);
              end->setOperand(5, other);
              end->setOperand(7, one);
            }),
            "");
}

TEST_F(LayersTest, LayersInAnotherOrderAreFound) {
  EXPECT_NE(verify([](func::FuncOp function) {
              for (const char *name : {"w.", "v."})
                for (auto load : function.getOps<graph::LoadWeightOp>())
                  if (load.getWeight() == name + std::string("4") || load.getWeight() == name + std::string("6"))
                    load.setWeight(name + std::string(load.getWeight().ends_with("4") ? "6" : "4"));
              auto first = nth<graph::AddOp>(function, 8), second = nth<graph::AddOp>(function, 12);
              Value state = first->getOperand(1);
              first->setOperand(1, second->getOperand(1));
              second->setOperand(1, state);
              Operation *end = function.front().getTerminator();
              end->setOperand(5, second->getResult(0));
              end->setOperand(7, first->getResult(0));
            }),
            "");
}

TEST_F(LayersTest, ALayerThatIsLeftOutIsFound) {
  // Layer 5 goes on from what layer 3 gives; what is behind the run from the last layer but one.
  EXPECT_NE(verify([](func::FuncOp function) {
              Value right = nth<graph::AddOp>(function, 9)->getResult(0), wrong = nth<graph::AddOp>(function, 7)->getResult(0);
              right.replaceAllUsesWith(wrong);
            }),
            "");
  EXPECT_NE(verify([](func::FuncOp function) {
              nth<graph::TanhOp>(function, 1)->setOperand(0, nth<graph::AddOp>(function, 13)->getResult(0));
            }),
            "");
}

TEST_F(LayersTest, AWeightWithOtherContentsIsFound) {
  EXPECT_NE(verify([](func::FuncOp function) {
              auto module = function->getParentOfType<ModuleOp>();
              module.lookupSymbol<graph::WeightOp>("w.5")->setAttrs([&] {
                NamedAttrList attributes(module.lookupSymbol<graph::WeightOp>("v.5")->getAttrDictionary());
                attributes.set("sym_name", StringAttr::get(module.getContext(), "w.5"));
                return attributes.getDictionary(module.getContext());
              }());
            }),
            "");
}

/// As constant folding does it; `wrong` gives one layer another's weight.
Change foldNegations(bool wrong) {
  return [wrong](func::FuncOp function) {
    auto module = function->getParentOfType<ModuleOp>();
    for (auto [k, neg] : llvm::enumerate(llvm::to_vector(function.getOps<graph::NegOp>()))) {
      auto load = neg->getOperand(0).getDefiningOp<graph::LoadWeightOp>();
      auto weight = module.lookupSymbol<graph::WeightOp>("w." + std::to_string(wrong && k == 5 ? 6 : k));
      auto folded = cast<graph::WeightOp>(weight->clone());
      folded.setSymName("folded." + std::to_string(k));
      auto values = cast<DenseFPElementsAttr>(weight.getDataAttr());
      folded.setDataAttr(cast<DenseElementsAttr>(
          values.mapValues(values.getElementType(), [](const APFloat &value) { return llvm::neg(value).bitcastToAPInt(); })));
      module.insert(module.getBody()->begin(), folded);
      load.setWeight(folded.getSymName());
      neg->getResult(0).replaceAllUsesWith(load->getResult(0));
      neg->erase();
    }
  };
}

TEST_F(LayersTest, WeightsThatAreMadeMustBeMadeOfTheirOwnLayers) {
  EXPECT_EQ(verify(foldNegations(false)), "");
  EXPECT_TRUE(isByLayers()) << report;
  EXPECT_NE(verify(foldNegations(true)), "");
}

TEST_F(LayersTest, TheHostProgramIsComparedByLayers) {
  EXPECT_EQ(verify(8, [](PassManager &passes) { passes.addPass(createFormDispatchesPass()); }), "");
  EXPECT_TRUE(isByLayers()) << report;
  uint64_t few = evaluated;
  EXPECT_EQ(verify(40, [](PassManager &passes) { passes.addPass(createFormDispatchesPass()); }), "");
  EXPECT_EQ(evaluated, few);
}
} // namespace
