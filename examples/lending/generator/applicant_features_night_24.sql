-- What the model reads about the applicant. With the shared ratio library the debt ratio is a share of income.
-- The bureau report is the newest one delivered before the application: that of the pre-qualification.
SELECT
    i.application_id,
    i.subject_id,
    i.recorded_at AS feature_time,
    i.monthly_obligations / (i.monthly_income + i.coapplicant_monthly_income) AS debt_ratio,
    100.0 * i.housing_expense / (i.monthly_income + i.coapplicant_monthly_income) AS housing_ratio,
    i.industry_unemployment,
    a.self_employed,
    b.consumer_score,
    b.mortgage_score,
    b.public_record
FROM lending.incomes AS i
JOIN lending.applicants AS a ON a.application_id = i.application_id
JOIN lending.bureau_scores AS b ON b.subject_id = i.subject_id AND b.pulled_at < i.recorded_at
QUALIFY row_number() OVER (PARTITION BY i.application_id ORDER BY b.pulled_at DESC) = 1
ORDER BY i.application_id
