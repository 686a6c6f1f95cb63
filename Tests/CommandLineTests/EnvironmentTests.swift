import Testing

/// A flag goes before `SHOOTDOWN_*` in the environment, that before the default; errors say where a value came from.
@Suite struct EnvironmentTests {
  private func run(_ options: [String] = [], with environment: [String: String]) throws -> Ended {
    try shootdown(["guests", "run", "hello", "--hash"] + options, environment: environment)
  }

  @Test func memory() throws {
    let fromEnvironment = try run(with: ["SHOOTDOWN_MEMORY": "4M"])
    #expect(fromEnvironment.hashLine?.contains("memory 4M,") == true, "\(fromEnvironment)")
    let fromFlag = try run(["--memory", "8M"], with: ["SHOOTDOWN_MEMORY": "4M"])
    #expect(fromFlag.hashLine?.contains("memory 8M,") == true, "\(fromFlag)")
    let byDefault = try run(with: [:])
    #expect(byDefault.hashLine?.contains("memory 512M,") == true, "\(byDefault)")
  }

  @Test func serial() throws {
    let folder = try Folder()
    let fromEnvironment = try run(with: ["SHOOTDOWN_SERIAL": folder.path("text")])
    #expect(fromEnvironment.output.isEmpty && folder.text("text") == "Hello from a 64-bit guest.\n")
    let fromFlag = try run(["--serial", "stdio"], with: ["SHOOTDOWN_SERIAL": folder.path("other")])
    #expect(fromFlag.output == "Hello from a 64-bit guest.\n" && folder.text("other").isEmpty, "\(fromFlag)")
  }

  @Test func kernel() throws {
    let folder = try Folder()
    let three = try folder.write(Program.exit(1), as: "three")
    let five = try folder.write(Program.exit(2), as: "five")
    #expect(try shootdown(["run"], environment: ["SHOOTDOWN_KERNEL": three]).ending == .status(3))
    #expect(try shootdown(["run", "--kernel", five], environment: ["SHOOTDOWN_KERNEL": three]).ending == .status(5))
    let empty = try shootdown(["run"], environment: ["SHOOTDOWN_KERNEL": ""])
    #expect(empty.ending == .status(2) && empty.errors.contains("--kernel FILE is missing"), "\(empty)")
  }

  struct Row: CustomTestStringConvertible, Sendable {
    let flag: String
    let good: String
    let bad: String
    var variable: String { "SHOOTDOWN_" + flag.dropFirst(2).uppercased().replacing("-", with: "_") }
    var testDescription: String { "\(variable)=\(bad)" }
  }

  private static let rows = [
    Row(flag: "--memory", good: "4M", bad: "12Q"), Row(flag: "--memory", good: "4M", bad: "1M"),
    Row(flag: "--memory", good: "4M", bad: ""), Row(flag: "--cpus", good: "1", bad: "0"),
    Row(flag: "--cpus", good: "1", bad: "65"), Row(flag: "--clock", good: "100000000", bad: "0"),
    Row(flag: "--quantum", good: "2000", bad: "fast"), Row(flag: "--model", good: "max", bad: "i486"),
    Row(flag: "--tlb", good: "retain", bad: "nonsense"), Row(flag: "--tlb", good: "retain", bad: "random:seed"),
    Row(flag: "--timing", good: "unit", bad: "icelake"), Row(flag: "--serial", good: "none", bad: "/nonexistent/text"),
    Row(flag: "--random-seed", good: "18446744073709551615", bad: "-1"),
    Row(flag: "--cpuid", good: "7.EBX=1", bad: "7"), Row(flag: "--cpuid", good: "7.EBX=1", bad: "7.EBX=1,"),
    Row(flag: "--serial", good: "none", bad: "unix:/nonexistent"),
  ]

  @Test(arguments: rows)
  func badValueNamesItsVariable(_ row: Row) throws {
    let ended = try run(with: [row.variable: row.bad])
    #expect(ended.ending == .status(2) && ended.output.isEmpty && ended.errorLines.count == 1, "\(ended)")
    #expect(ended.errors.contains(row.variable), "\(ended)")
  }

  @Test(arguments: rows)
  func badValueOfAFlagNamesTheFlag(_ row: Row) throws {
    let ended = try run([row.flag, row.bad], with: [row.variable: row.good])
    #expect(ended.ending == .status(2) && ended.output.isEmpty && ended.errorLines.count == 1, "\(ended)")
    #expect(ended.errors.contains(row.flag) && !ended.errors.contains("SHOOTDOWN_"), "\(ended)")
  }

  @Test(arguments: rows)
  func flagHidesABadVariable(_ row: Row) throws {
    let ended = try run([row.flag, row.good], with: [row.variable: row.bad])
    #expect(ended.ending == .status(1), "\(ended)")
  }

  @Test func kernelThatCannotBeReadNamesItsVariable() throws {
    let ended = try shootdown(["run"], environment: ["SHOOTDOWN_KERNEL": "/nonexistent/image"])
    #expect(ended.ending == .status(2) && ended.errorLines.count == 1, "\(ended)")
    #expect(ended.errors.contains("/nonexistent/image") && ended.errors.contains("SHOOTDOWN_KERNEL"), "\(ended)")
  }
}
