// swift-tools-version: 6.2
import PackageDescription

/// Handlers are chained by tail calls: a frame pointer in each costs 8 % (docs/ARCHITECTURE.md, "Speed"). The flag
/// itself is the Makefile's, so that every build of this package has the same one.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A property of a class costs a run-time check of exclusive access at each use, a quarter of the time of a guest that
/// walks its page tables all the time. Debug builds check (`make test-debug`).
let unchecked: SwiftSetting = .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A room of the house: a target may only import rooms that are named here, all of them above it in
/// docs/ARCHITECTURE.md.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict + [unchecked])
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: dependencies, swiftSettings: strict)
}

let commit: String = {
  guard let git = Context.gitInformation else { return "unknown" }
  return git.currentCommit.prefix(12) + (git.hasUncommittedChanges ? " and changes" : "")
}()

let package = Package(
  name: "shootdown",
  products: [.executable(name: "shootdown", targets: ["shootdown"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "Layout"),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CCapstone", pkgConfig: "capstone", providers: [.apt(["libcapstone-dev"])]),
    .systemLibrary(name: "CUnicorn", pkgConfig: "unicorn", providers: [.apt(["libunicorn-dev"])]),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),

    room("Tables"),
    room("Opcodes", ["Tables"]),

    room("EPTTLB", ["Tables"]),
    room("MMU", ["EPTTLB", "Layout", "CLinux"]),
    room("CPU", ["MMU", "EPTTLB", "Layout", "Opcodes", "Tables"]),
    room("VMX", ["CPU", "MMU", "EPTTLB", "Layout", "Tables"]),
    room("Machine", ["VMX", "CPU", "MMU", "EPTTLB", "Tables"]),
    room("Races", ["Machine", "VMX", "CPU", "MMU", "EPTTLB", "Layout", yams]),
    .target(name: "BuildCommit", cSettings: [.define("SHOOTDOWN_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "GuestImages"),
    room("Guests", ["GuestImages", "Tables"]),
    room("Litmus", ["Guests", "Races", "Machine", "MMU", "EPTTLB", "Tables"]),
    room("Monitor", ["CCapstone", "CReadline", "Races", "Machine", "VMX", "CPU", "MMU", "EPTTLB", "Layout", "Tables"]),
    .target(name: "SiliconNative"),
    room("Silicon", ["SiliconNative", "Machine", "CPU", "MMU", "EPTTLB", "Layout", "Opcodes", "Tables"]),
    room("Fuzz", ["VMX", "CPU", "MMU", "EPTTLB", "Layout", "Opcodes", "Tables"]),
    room("SiliconUnicorn", ["CUnicorn", "Silicon", "CPU", "MMU", "EPTTLB", "Layout", "Opcodes", "Tables"]),
    .executableTarget(
      name: "shootdown",
      dependencies: [
        argumentParser, logging, yams, "Litmus", "Races", "Machine", "Guests", "Monitor", "BuildCommit", "CPU", "MMU",
        "EPTTLB", "Tables",
      ],
      swiftSettings: strict),

    tests(of: "Tables", ["Tables"]),
    tests(of: "Opcodes", ["Opcodes", "Tables", "CPU", "Machine", "Guests", "Silicon", "Fuzz"]),
    tests(of: "EPTTLB", ["EPTTLB"]),
    tests(of: "MMU", ["MMU", "EPTTLB", "Layout"]),
    tests(of: "CPU", ["CPU", "MMU", "EPTTLB", "Layout", "Opcodes", "Tables"]),
    tests(of: "VMX", ["VMX", "CPU", "MMU", "EPTTLB", "Layout", "Tables"]),
    tests(of: "Machine", ["Machine", "Guests", "VMX", "CPU", "MMU", "EPTTLB"]),
    tests(of: "Races", ["Races", "Machine", "Guests", "VMX", "CPU", "MMU", "EPTTLB"]),
    tests(of: "Litmus", ["Litmus", "Machine", "Guests", "EPTTLB", "Tables"]),
    tests(of: "Monitor", ["Monitor", "Races", "Machine", "Guests", "CPU", "MMU", "EPTTLB", "Tables"]),
    tests(of: "CommandLine", ["Guests", "Tables"]),
    tests(of: "Silicon", ["Silicon", "SiliconNative", "SiliconUnicorn", "Opcodes", "Tables"]),
    tests(of: "Fuzz", ["Fuzz", "CPU", "Opcodes", "Tables"]),

    .executableTarget(
      name: "generate-handlers", dependencies: ["Opcodes"], path: "Tools/generate-handlers", swiftSettings: strict),
    .executableTarget(
      name: "silicon", dependencies: [argumentParser, "Silicon", "SiliconUnicorn"], path: "Tools/silicon",
      swiftSettings: strict),
    .executableTarget(
      name: "fuzz", dependencies: [argumentParser, "Fuzz"], path: "Tools/fuzz", swiftSettings: strict),
    .executableTarget(
      name: "decoding", dependencies: [argumentParser, "Fuzz"], path: "Tools/decoding", swiftSettings: strict),
    .executableTarget(
      name: "vmx-unit-tests", dependencies: [argumentParser, "Tables"], path: "Tools/vmx-unit-tests",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
