// swift-tools-version: 6.2
import PackageDescription

/// Shows that each rule of the TLB, broken on purpose, is caught by the model of the rules that the tests of room MMU run.
/// A package of its own, because it compiles the rooms with `MUTATIONS`; their sources, the model and its random programs
/// are links to the one place where they are.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .define("MUTATIONS"),
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let package = Package(
  name: "mutations",
  targets: [
    .systemLibrary(name: "Layout"),
    .systemLibrary(name: "CLinux"),
    .target(name: "Tables", swiftSettings: settings),
    .target(name: "EPTTLB", dependencies: ["Tables"], swiftSettings: settings),
    .target(name: "MMU", dependencies: ["EPTTLB", "Layout", "CLinux"], swiftSettings: settings),
    .testTarget(name: "MutationTests", dependencies: ["MMU", "EPTTLB", "Layout"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
