"""What Lighthouse says of two pages of the built book, on its simulated phone."""

from statistics import median

from tests.book.lighthouse import PAGES, lighthouse, served

RUNS = 5
PARTS = {
    "first paint (ms)": "first-contentful-paint",
    "largest paint (ms)": "largest-contentful-paint",
    "blocked (ms)": "total-blocking-time",
    "layout shift": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}


def main() -> None:
    print(f"\nPages (Lighthouse, medians of {RUNS}; needs `make book` and `make lint` before)")
    with served() as address:
        for page in PAGES:
            reports = [lighthouse(f"{address}/{page}") for _ in range(RUNS)]
            scores = [each["categories"]["performance"]["score"] for each in reports]
            print(f"{page}: performance {median(scores):.2f}, {min(scores)} to {max(scores)}")
            for name, audit in PARTS.items():
                value = median(each["audits"][audit]["numericValue"] for each in reports)
                print(f"  {name:20}{value:10.3g}")


if __name__ == "__main__":
    main()
