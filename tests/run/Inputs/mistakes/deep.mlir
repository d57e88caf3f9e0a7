// Six equal layers, each with two weights and a state: what is wrong in one of them must be found, too.
graph.symbol @N {max = 16}
graph.weight @up.0 : tensor<4x4xf32> data dense<[[-0.52, 0.09, -0.26, 0.21], [0.25, -0.87, -0.97, 0.67], [-0.48, -0.53, 0.99, -0.06], [0.67, -0.05, 0.28, -0.70]]> : tensor<4x4xf32>
graph.weight @down.0 : tensor<4x4xf32> data dense<[[0.27, 0.74, 0.05, 0.48], [0.34, -0.87, 0.52, 0.18], [-0.40, -0.94, 0.73, -0.05], [0.44, 0.76, 0.43, 0.84]]> : tensor<4x4xf32>
graph.weight @up.1 : tensor<4x4xf32> data dense<[[-0.21, 0.60, -0.11, 0.87], [0.76, -0.81, -0.73, -0.57], [0.93, -0.13, 0.25, -0.40], [0.01, -0.23, -0.30, 0.17]]> : tensor<4x4xf32>
graph.weight @down.1 : tensor<4x4xf32> data dense<[[0.17, 0.81, 0.36, 0.86], [0.71, 0.98, 0.34, -0.67], [0.72, 0.93, 0.81, 0.14], [0.43, -0.58, 0.66, 0.15]]> : tensor<4x4xf32>
graph.weight @up.2 : tensor<4x4xf32> data dense<[[-0.43, -0.87, 0.71, 0.98], [-0.82, 0.60, -0.18, -0.70], [-0.41, 0.54, 0.75, -0.91], [0.23, -0.91, 0.44, -0.34]]> : tensor<4x4xf32>
graph.weight @down.2 : tensor<4x4xf32> data dense<[[0.76, 0.96, 0.01, 1.00], [-0.38, -0.85, 0.20, -0.94], [-0.61, -0.18, 0.22, -0.69], [-0.92, 0.74, -0.37, 0.92]]> : tensor<4x4xf32>
graph.weight @up.3 : tensor<4x4xf32> data dense<[[0.79, -0.24, -0.08, 0.04], [0.29, 0.19, 0.12, 0.24], [0.88, 0.01, -0.14, 0.44], [-0.52, -0.40, 0.96, 0.04]]> : tensor<4x4xf32>
graph.weight @down.3 : tensor<4x4xf32> data dense<[[0.10, -0.98, -0.17, 0.16], [-0.96, 0.23, 0.26, -0.88], [0.25, -0.07, 0.36, -0.29], [0.41, 0.48, -0.96, -0.88]]> : tensor<4x4xf32>
graph.weight @up.4 : tensor<4x4xf32> data dense<[[0.35, 0.93, -0.50, -0.09], [0.19, -0.36, -0.27, -0.37], [-0.26, 0.19, -0.40, -0.25], [0.54, -0.95, 0.14, 0.47]]> : tensor<4x4xf32>
graph.weight @down.4 : tensor<4x4xf32> data dense<[[-0.38, -0.55, 0.61, -0.52], [-0.63, -0.13, 0.40, -0.80], [-0.36, -0.33, 0.67, -0.12], [0.71, -0.66, -0.33, 0.30]]> : tensor<4x4xf32>
graph.weight @up.5 : tensor<4x4xf32> data dense<[[0.77, -0.10, -0.55, -0.76], [0.06, -0.62, 0.61, 0.68], [-0.63, -0.44, 0.61, 0.28], [0.61, -0.31, -0.74, -0.42]]> : tensor<4x4xf32>
graph.weight @down.5 : tensor<4x4xf32> data dense<[[0.59, -0.46, -0.31, -0.17], [-0.16, -0.18, 0.84, -0.69], [-0.99, 0.89, 0.76, 0.97], [-0.13, 0.90, 0.85, -0.56]]> : tensor<4x4xf32>
func.func @main(%x: tensor<?x4xf32> {graph.name = "x", graph.dims = ["N", 4]},
                %s0: tensor<?x4xf32> {graph.name = "state.0", graph.dims = ["N", 4]},
                %s1: tensor<?x4xf32> {graph.name = "state.1", graph.dims = ["N", 4]},
                %s2: tensor<?x4xf32> {graph.name = "state.2", graph.dims = ["N", 4]},
                %s3: tensor<?x4xf32> {graph.name = "state.3", graph.dims = ["N", 4]},
                %s4: tensor<?x4xf32> {graph.name = "state.4", graph.dims = ["N", 4]},
                %s5: tensor<?x4xf32> {graph.name = "state.5", graph.dims = ["N", 4]})
    -> (tensor<?x4xf32> {graph.name = "y"},
        tensor<?x4xf32> {graph.name = "state.0.next"},
        tensor<?x4xf32> {graph.name = "state.1.next"},
        tensor<?x4xf32> {graph.name = "state.2.next"},
        tensor<?x4xf32> {graph.name = "state.3.next"},
        tensor<?x4xf32> {graph.name = "state.4.next"},
        tensor<?x4xf32> {graph.name = "state.5.next"}) {
  %up0 = graph.load_weight @up.0 : tensor<4x4xf32> loc("up.0")
  %m0 = graph.matmul %x, %up0 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.0")
  %a0 = graph.add %m0, %s0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.0")
  %r0 = graph.relu %a0 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.0")
  %down0 = graph.load_weight @down.0 : tensor<4x4xf32> loc("down.0")
  %q0 = graph.matmul %r0, %down0 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.0")
  %x0 = graph.sub %x, %q0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.0")
  %up1 = graph.load_weight @up.1 : tensor<4x4xf32> loc("up.1")
  %m1 = graph.matmul %x0, %up1 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.1")
  %a1 = graph.add %m1, %s1 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.1")
  %r1 = graph.relu %a1 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.1")
  %down1 = graph.load_weight @down.1 : tensor<4x4xf32> loc("down.1")
  %q1 = graph.matmul %r1, %down1 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.1")
  %x1 = graph.sub %x0, %q1 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.1")
  %up2 = graph.load_weight @up.2 : tensor<4x4xf32> loc("up.2")
  %m2 = graph.matmul %x1, %up2 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.2")
  %a2 = graph.add %m2, %s2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.2")
  %r2 = graph.relu %a2 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.2")
  %down2 = graph.load_weight @down.2 : tensor<4x4xf32> loc("down.2")
  %q2 = graph.matmul %r2, %down2 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.2")
  %x2 = graph.sub %x1, %q2 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.2")
  %up3 = graph.load_weight @up.3 : tensor<4x4xf32> loc("up.3")
  %m3 = graph.matmul %x2, %up3 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.3")
  %a3 = graph.add %m3, %s3 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.3")
  %r3 = graph.relu %a3 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.3")
  %down3 = graph.load_weight @down.3 : tensor<4x4xf32> loc("down.3")
  %q3 = graph.matmul %r3, %down3 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.3")
  %x3 = graph.sub %x2, %q3 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.3")
  %up4 = graph.load_weight @up.4 : tensor<4x4xf32> loc("up.4")
  %m4 = graph.matmul %x3, %up4 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.4")
  %a4 = graph.add %m4, %s4 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.4")
  %r4 = graph.relu %a4 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.4")
  %down4 = graph.load_weight @down.4 : tensor<4x4xf32> loc("down.4")
  %q4 = graph.matmul %r4, %down4 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.4")
  %x4 = graph.sub %x3, %q4 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.4")
  %up5 = graph.load_weight @up.5 : tensor<4x4xf32> loc("up.5")
  %m5 = graph.matmul %x4, %up5 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product.5")
  %a5 = graph.add %m5, %s5 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("state.5")
  %r5 = graph.relu %a5 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("relu.5")
  %down5 = graph.load_weight @down.5 : tensor<4x4xf32> loc("down.5")
  %q5 = graph.matmul %r5, %down5 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("back.5")
  %x5 = graph.sub %x4, %q5 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("rest.5")
  %y = graph.tanh %x5 : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("y")
  return %y, %a0, %a1, %a2, %a3, %a4, %a5 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}
