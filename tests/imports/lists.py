"""The lists of each tool about the same people: Ann and Bob, who referred customers, and are owed money.

Ann: two codes, owed 30.00 due and 12.50 pending. Bob: paused, owed nothing. Cleo and Dora pay; Eve only signed up.
"""

from collections.abc import Mapping

CUTOFF = "2026-06-01T00:00:00Z"

REWARDFUL = {
    "affiliates.csv": (
        "ID,First Name,Last Name,Email,State,Links,PayPal Email,Visitors\n"
        "a-1,Ann,Arbor,ann@affiliates.example,active,"
        "https://shop.example/?via=annie https://shop.example/?via=Ann-2,ann@paypal.example,120\n"
        "a-2,Bob,,bob@affiliates.example,disabled,https://shop.example/?via=bobby,,3\n"
    ),
    "referrals.csv": (
        "ID,Stripe Customer ID,Email,Conversion State,Became Conversion At,Created At,Affiliate Email\n"
        'r-1,cus_cleo,cleo@customers.example,conversion,"Feb 1, 2026","Jan 30, 2026",ann@affiliates.example\n'
        "r-2,,dora@customers.example,conversion,2026-03-01,2026-03-01,ann@affiliates.example\n"
        "r-3,,eve@customers.example,lead,,2026-04-01,bob@affiliates.example\n"
        "r-4,,,visitor,,2026-04-02,bob@affiliates.example\n"
    ),
    "commissions.csv": (
        "ID,Amount,Currency,State,Paid At,Created At,Affiliate ID\n"
        "c-1,$30.00,USD,due,,2026-05-02,a-1\n"
        "c-2,$12.50,USD,pending,,2026-05-20,a-1\n"
        "c-3,$9.80,USD,paid,2026-04-01,2026-03-01,a-1\n"
        "c-4,$1.00,USD,voided,,2026-03-02,a-2\n"
        "c-5,$5.00,USD,due,,2026-06-02,a-1\n"
    ),
}

FIRSTPROMOTER = {
    "promoters.csv": (
        "id;email;name;status;ref_id;referral_link;paypal_email;visitors_count\n"
        "71;ann@affiliates.example;Ann Arbor;approved;annie;https://shop.example/?fp_ref=Ann-2;ann@paypal.example;120\n"
        "72;bob@affiliates.example;Bob;inactive;bobby;;;3\n"
    ),
    "leads.csv": (
        "id;email;uid;status;customer_since;created_at;stripe_customer_id;ref_id\n"
        "501;cleo@customers.example;u-1;active;2026-02-01T10:00:00.000Z;2026-01-30T10:00:00.000Z;cus_cleo;annie\n"
        "502;dora@customers.example;;cancelled;2026-03-01 10:00:00 UTC;2026-03-01 09:00:00 UTC;;ann-2\n"
        "503;eve@customers.example;u-3;signup;;2026-04-01 09:00:00 UTC;;bobby\n"
        "504;mia@customers.example;;denied;;2026-04-02 09:00:00 UTC;;bobby\n"
    ),
    "commissions.csv": (
        "id;amount;unit;status;is_paid;created_at;promoter_id\n"
        "9001;30,00;cash;approved;false;2026-05-02 10:00:00 UTC;71\n"
        "9002;12,50;cash;pending;false;2026-05-20 10:00:00 UTC;71\n"
        "9003;9,80;cash;approved;true;2026-03-01 10:00:00 UTC;71\n"
        "9004;1,00;cash;denied;false;2026-03-02 10:00:00 UTC;72\n"
        "9005;5,00;cash;approved;false;2026-06-02 10:00:00 UTC;71\n"
    ),
}

TOLT = {
    "partners.csv": (
        "id,first_name,last_name,email,status,links,paypal_email,country_code\n"
        'part_1,Ann,Arbor,ann@affiliates.example,active,"https://shop.example/?via=annie, '
        'https://shop.example/?via=ann-2",ann@paypal.example,US\n'
        "part_2,Bob,,bob@affiliates.example,rejected,https://shop.example/?via=bobby,,DE\n"
    ),
    "customers.csv": (
        "id,email,customer_id,stripe_customer_id,status,partner_id,created_at,first_payment_at\n"
        "cust_1,cleo@customers.example,u-1,cus_cleo,active,part_1,2026-01-30T10:00:00.000Z,2026-02-01\n"
        "cust_2,dora@customers.example,,,canceled,part_1,2026-03-01T10:00:00.000Z,2026-03-01\n"
        "cust_3,eve@customers.example,u-3,,trial,part_2,2026-04-01T10:00:00.000Z,\n"
        "cust_4,mia@customers.example,,,suspended,part_2,2026-04-02T10:00:00.000Z,\n"
    ),
    "commissions.csv": (
        "id,amount,revenue,currency,status,created_at,partner_id\n"
        "comm_1,3000,10000,usd,approved,2026-05-02T10:00:00.000Z,part_1\n"
        "comm_2,1250,4100,usd,pending,2026-05-20T10:00:00.000Z,part_1\n"
        "comm_3,980,4900,usd,paid,2026-03-01T10:00:00.000Z,part_1\n"
        "comm_4,100,500,usd,refunded,2026-03-02T10:00:00.000Z,part_2\n"
        "comm_5,500,2500,usd,approved,2026-06-02T10:00:00.000Z,part_1\n"
    ),
}

LISTS: Mapping[str, Mapping[str, str]] = {"rewardful": REWARDFUL, "firstpromoter": FIRSTPROMOTER, "tolt": TOLT}
MAPS: Mapping[str, list[str]] = {"rewardful": [], "firstpromoter": [], "tolt": ["amount=amount:cents"]}
UNREAD: Mapping[str, str] = {"rewardful": "Visitors", "firstpromoter": "visitors_count", "tolt": "country_code"}
