/// A date and time of day in the proleptic Gregorian calendar, and its distance in seconds from 1 March of year 0.
struct CalendarTime: Equatable {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int
  var second: Int

  /// Days of 400 years.
  private static let era = 146_097

  /// A time; each field is brought into its range.
  init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    self.year = min(max(year, 1), 9999)
    self.month = min(max(month, 1), 12)
    self.day = min(max(day, 1), 31)
    self.hour = min(max(hour, 0), 23)
    self.minute = min(max(minute, 0), 59)
    self.second = min(max(second, 0), 59)
  }

  /// Days since 1 March of year 0. Years begin with March here, so that the leap day is the last one.
  var days: Int {
    let year = month > 2 ? self.year : self.year - 1
    let monthOfYear = (month + 9) % 12
    return year / 400 * Self.era + year % 400 * 365 + year % 400 / 4 - year % 400 / 100
      + (monthOfYear * 153 + 2) / 5 + day - 1
  }

  /// The time so many seconds later; years go on after 9999 with 1.
  func adding(seconds: UInt64) -> CalendarTime {
    let ofDay = UInt64(hour * 3600 + minute * 60 + second)
    let (total, overflow) = seconds.addingReportingOverflow(ofDay)
    let sum = overflow ? seconds : total
    var result = Self.date(days: days + Int(sum / 86_400 % UInt64(Self.era * 25)))
    let time = Int(sum % 86_400)
    (result.hour, result.minute, result.second) = (time / 3600, time / 60 % 60, time % 60)
    return result
  }

  private static func date(days: Int) -> CalendarTime {
    let dayOfEra = days % era
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthOfYear = (5 * dayOfYear + 2) / 153
    let month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9
    let year = days / era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return CalendarTime(
      year: year % 10_000, month: month, day: dayOfYear - (153 * monthOfYear + 2) / 5 + 1, hour: 0, minute: 0, second: 0
    )
  }
}
