// swift-tools-version: 6.2
import PackageDescription

/// Times the guests in `Guests/` on this emulator and on Bochs. A package of its own, so that nobody who builds the
/// emulator builds it too.
let package = Package(
  name: "bench",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .executableTarget(
      name: "bench",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: [.treatAllWarnings(as: .error)]
    )
  ],
  swiftLanguageModes: [.v6]
)
