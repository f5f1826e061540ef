"""How the liquid-staking protocol operates: assumptions, after Lido's public documentation."""

REPORT_PERIOD = 225  # epochs between accounting reports (one day)
REQUEST_MARGIN = 20  # a request must be this many epochs old at the report
REPORT_DELAY = (3, 9)  # epochs from reference to execution, [low, high)
REPORT_MISS = 0.004  # chance that a report is skipped
ORDER_PERIOD = 75  # epochs between exit orders (8 hours)
ORDER_CAP_VALIDATORS = 600  # validators per exit order
