"""From what is payable to reserved payouts: selection, planning, previews, runs and their job."""
