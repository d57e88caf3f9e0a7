// Functions with states, one way each that a next value can come to be; tests/run/test_states.py runs them.
graph.symbol @N {max = 8 : i64}

// Written over the state: some of its elements, or all one by one.
func.func @scatter(%s: tensor<?x4xf32> {graph.name = "s", graph.dims = ["N", 4], graph.state = "s"}, %at: tensor<2x1xi64> {graph.name = "at"},
                   %rows: tensor<2x4xf32> {graph.name = "rows"})
    -> (tensor<4xf32> {graph.name = "y"}, tensor<?x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %n = graph.scatter_nd none %s, %at, %rows : (tensor<?x4xf32>, tensor<2x1xi64>, tensor<2x4xf32>) -> tensor<?x4xf32>
  %y = graph.reduce sum %n {axes = array<i64: 0>, keep_dims = false} : (tensor<?x4xf32>) -> tensor<4xf32>
  return %y, %n : tensor<4xf32>, tensor<?x4xf32>
}
func.func @decay(%s: tensor<4x4xf32> {graph.name = "s", graph.state = "s"}, %x: tensor<4x4xf32> {graph.name = "x"})
    -> (tensor<4x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %e = graph.tanh %s : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %n = graph.add %e, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}
// Into the state's memory after it died.
func.func @dead(%s: tensor<4x4xf32> {graph.name = "s", graph.state = "s"}) -> (tensor<4x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %t = graph.cumulate sum %s {axis = 0 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %n = graph.cumulate sum %t {axis = 0 : i64, reverse = true} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}
// Copied at the end: the kernel reads across elements, the old value is needed later, or returned.
func.func @across(%s: tensor<4x4xf32> {graph.name = "s", graph.state = "s"}) -> (tensor<4x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %n = graph.transpose %s {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}
func.func @late(%s: tensor<4x4xf32> {graph.name = "s", graph.state = "s"}, %at: tensor<1x1xi64> {graph.name = "at"}, %row: tensor<1x4xf32> {graph.name = "row"})
    -> (tensor<4x4xf32> {graph.name = "y"}, tensor<4x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %n = graph.scatter_nd none %s, %at, %row : (tensor<4x4xf32>, tensor<1x1xi64>, tensor<1x4xf32>) -> tensor<4x4xf32>
  %y = graph.matmul %s, %n : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y, %n : tensor<4x4xf32>, tensor<4x4xf32>
}
func.func @self(%s: tensor<4x4xf32> {graph.name = "s", graph.state = "s"}, %at: tensor<1x1xi64> {graph.name = "at"})
    -> (tensor<4x4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %row = graph.reduce sum %s {axes = array<i64: 0>, keep_dims = true} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %n = graph.scatter_nd none %s, %at, %row : (tensor<4x4xf32>, tensor<1x1xi64>, tensor<1x4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}
func.func @swap(%a: tensor<4xf32> {graph.name = "a", graph.state = "a"}, %b: tensor<4xf32> {graph.name = "b", graph.state = "b"},
                %c: tensor<4xf32> {graph.name = "c", graph.state = "c"})
    -> (tensor<4xf32> {graph.name = "b.next", graph.state = "b"}, tensor<4xf32> {graph.name = "a.next", graph.state = "a"},
        tensor<4xf32> {graph.name = "c.next", graph.state = "c"}, tensor<2x2xf32> {graph.name = "y"}) {
  %shape = graph.constant dense<2> : tensor<2xi64>
  %y = graph.reshape %b, %shape : (tensor<4xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  return %a, %b, %c, %y : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>
}
// One value is the next of two states.
func.func @shared(%a: tensor<4xf32> {graph.name = "a", graph.state = "a"}, %b: tensor<4xf32> {graph.name = "b", graph.state = "b"})
    -> (tensor<4xf32> {graph.name = "a.next", graph.state = "a"}, tensor<4xf32> {graph.name = "b.next", graph.state = "b"}) {
  %n = graph.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %n, %n : tensor<4xf32>, tensor<4xf32>
}
// Control flow: either the old value or another one.
func.func @branch(%go: tensor<i1> {graph.name = "go"}, %s: tensor<4xf32> {graph.name = "s", graph.state = "s"}, %x: tensor<4xf32> {graph.name = "x"})
    -> (tensor<4xf32> {graph.name = "s.next", graph.state = "s"}) {
  %n = graph.if %go : tensor<i1> -> (tensor<4xf32>) {
    %e = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  } else {
    graph.yield %s : tensor<4xf32>
  }
  return %n : tensor<4xf32>
}
